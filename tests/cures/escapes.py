"""Small programs in which a callback, or what it needs, is used after the last strong reference to its object is gone.

Each is a class with a method that stores the callback, one more way to get at it, and a use of that. With a weakened
capture each prints something else. `# here` is the line that the reason must name.
"""

from __future__ import annotations

from dataclasses import dataclass

from pmat_lsp.source.escapes import EscapeKind as Kind

HEAD = "use strict;\nuse warnings;\nuse Devel::MAT::Dumper;\n"
TAIL = 'print "end\\n";\nDevel::MAT::Dumper::dump( $ENV{PMAT_OUT} );\n'
CLASS = """
package Radio {
    sub new { my ( $class, %args ) = @_; my $self = bless {%args}, $class; return $self }
    sub name { my ($self) = @_; return $self->{name} }
    STORE
    MORE
}
package main;
for my $n ( 1 .. 3 ) {
    USE
}
"""
STORE = 'sub tune { my ($self) = @_; $self->{heard} = sub { return "n $self->{name}" }; return $self }'
MAKE = "Radio->new( name => $n )->tune"


@dataclass(frozen=True)
class Escaping:
    """A program, and the reason against a fix of it."""

    name: str
    kind: Kind
    more: str
    use: str
    store: str = STORE
    head: str = ""

    def text(self, package: str = "Radio") -> str:
        """The program, with another name of its class."""
        body = CLASS.replace("STORE", self.store).replace("MORE", self.more).replace("USE", self.use)
        return (HEAD + self.head + body + TAIL).replace("Radio", package)

    @property
    def line(self) -> int | None:
        """The 1-based line with `# here`."""
        lines = self.text().splitlines()
        return next((number for number, line in enumerate(lines, 1) if "# here" in line), None)


def _taking(name: str, kind: Kind, more: str, take: str, **others: str) -> Escaping:
    """A program that takes the callback out of a new object, and calls it afterwards."""
    return Escaping(name, kind, more, f'my $f = {take};\n    print $f->(), "\\n";', **others)


ESCAPES = (
    # What a sub returns.
    _taking("getter", Kind.RETURNED, "sub take { my ($self) = @_; return $self->{heard} }    # here", f"{MAKE}->take"),
    _taking("implicit-return", Kind.RETURNED, "sub take { $_[0]{heard} }    # here", f"{MAKE}->take"),
    _taking(
        "last-in-if",
        Kind.RETURNED,
        "sub take {\n my ($self) = @_;\n if ( $self->{name} ) {\n $self->{heard}    # here\n } else { undef } }",
        f"{MAKE}->take",
    ),
    _taking(
        "last-in-else",
        Kind.RETURNED,
        "sub take {\n my ($self) = @_;\n unless ( $self->{name} ) { undef }\n else { $self->{heard} }    # here\n }",
        f"{MAKE}->take",
    ),
    _taking(
        "ternary",
        Kind.RETURNED,
        "sub take { my ($self) = @_; $self->{name} ? $self->{heard} : undef }    # here",
        f"{MAKE}->take",
    ),
    _taking(
        "return-in-the-middle",
        Kind.RETURNED,
        "sub take {\n my ($self) = @_;\n return $self->{heard} if $self->{name};    # here\n return }",
        f"{MAKE}->take",
    ),
    _taking(
        "wantarray",
        Kind.RETURNED,
        "sub take {\n my ($self) = @_;\n return wantarray ? ( $self->{heard}, 1 ) : $self->{heard}    # here\n }",
        f"( {MAKE}->take )[0]",
    ),
    _taking(
        "in-a-list",
        Kind.RETURNED,
        "sub take { my ($self) = @_; return ( $self->{name}, $self->{heard} ) }    # here",
        f"( {MAKE}->take )[1]",
    ),
    _taking(
        "by-a-variable",
        Kind.RETURNED,
        "sub take { my ($self) = @_; my $cb = $self->{heard}; return $cb }    # here",
        f"{MAKE}->take",
    ),
    _taking(
        "two-calls-deep",
        Kind.RETURNED,
        "sub inner { my ($self) = @_; return $self->{heard} }    # here\n"
        "sub take { my ($self) = @_; return $self->inner }",
        f"{MAKE}->take",
    ),
    _taking(
        "deleted",
        Kind.RETURNED,
        "sub take { my ($self) = @_; my $cb = delete $self->{heard}; return $cb }    # here",
        "Radio->new( name => $n )->tune->take",
        store='sub tune { my ($self) = @_; $self->{again} = $self->{heard} = sub { "n $self->{name}" }; return $self }',
    ),
    _taking(
        "do-block",
        Kind.RETURNED,
        "sub take { my ($self) = @_; return do { 1; $self->{heard} } }    # here",
        f"{MAKE}->take",
    ),
    _taking(
        "eval-block",
        Kind.RETURNED,
        "sub take { my ($self) = @_; return eval { $self->{heard} } }    # here",
        f"{MAKE}->take",
    ),
    _taking(
        "or-something",
        Kind.RETURNED,
        "sub take { my ($self) = @_; return $self->{heard} || sub { 1 } }    # here",
        f"{MAKE}->take",
    ),
    _taking(
        "store-is-last",
        Kind.RETURNED,
        "",
        "Radio->new( name => $n )->tune",
        store='sub tune { my ($self) = @_; $self->{heard} = sub { return "n $self->{name}" } }    # here',
    ),
    _taking(
        "store-is-last-in-if",
        Kind.RETURNED,
        "",
        "Radio->new( name => $n )->tune",
        store="sub tune {\n my ($self) = @_;\n if (1) {\n"
        ' $self->{heard} = sub { return "n $self->{name}" };    # here\n } }',
    ),
    _taking(
        "setter-returns-it",
        Kind.RETURNED,
        "sub on { my ( $self, $cb ) = @_; return $self->{heard} = $cb }    # here",
        "Radio->new( name => $n )->tune",
        store='sub tune { my ($self) = @_; return $self->on( sub { return "n $self->{name}" } ) }',
    ),
    # Other holders.
    _taking(
        "wrapped",
        Kind.CAPTURED,
        "sub take {\n my ($self) = @_;\n my $cb = $self->{heard};\n return sub { $cb->() } }    # here",
        f"{MAKE}->take",
    ),
    _taking(
        "package-variable",
        Kind.STORED,
        "our $last;\nsub take { my ($self) = @_; $last = $self->{heard}; return 1 }    # here",
        f"do {{ {MAKE}->take; my $it = $Radio::last; undef $Radio::last; $it }}",
    ),
    _taking(
        "pushed",
        Kind.STORED,
        "our @all;\nsub take { my ($self) = @_; push @all, $self->{heard}; return 1 }    # here",
        f"do {{ {MAKE}->take; pop @Radio::all }}",
    ),
    _taking(
        "into-another-object",
        Kind.STORED,
        "sub give { my ( $self, $other ) = @_; $other->{borrowed} = $self->{heard}; return 1 }    # here",
        f"do {{ my $box = {{}}; {MAKE}->give($box); $box->{{borrowed}} }}",
    ),
    _taking(
        "into-a-new-hash",
        Kind.STORED,
        "sub all { my ($self) = @_; return { heard => $self->{heard} } }    # here",
        f"{MAKE}->all->{{heard}}",
    ),
    _taking(
        "into-a-new-array",
        Kind.STORED,
        "sub all { my ($self) = @_; return [ $self->{heard} ] }    # here",
        f"{MAKE}->all->[0]",
    ),
    _taking(
        "passed-to-a-sub",
        Kind.PASSED,
        "sub same { return $_[0] }\nsub take { my ($self) = @_; return same( $self->{heard} ) }    # here",
        f"{MAKE}->take",
    ),
    _taking(
        "reference-to-the-field",
        Kind.ALIASED,
        "sub slot { my ($self) = @_; return \\$self->{heard} }    # here",
        f"${{ {MAKE}->slot }}",
    ),
    _taking(
        "reference-to-the-sub",
        Kind.ALIASED,
        "sub take { my ($self) = @_; return \\&{ $self->{heard} } }    # here",
        f"{MAKE}->take",
    ),
    _taking(
        "outer-variable",
        Kind.OUTLIVES,
        "",
        f"undef;    # here\n    {{ my $o = {MAKE}; $f = $o->{{heard}} }} $f = $f",
    ),
    _taking("element-of-a-temporary", Kind.OUTLIVES, "", f"{MAKE}->{{heard}}    # here\n"),
    _taking(
        "object-is-undefined",
        Kind.OUTLIVES,
        "",
        f"do {{ my $o = {MAKE};\n my $g = $o->{{heard}};    # here\n undef $o; print $g->(), qq(\\n); sub {{ 1 }} }}",
    ),
    _taking(
        "goto",
        Kind.ALIASED,
        "sub run { my $self = shift; goto &{ $self->{heard} } }    # here",
        f"do {{ my $o = {MAKE}; my $r = $o->run; sub {{ $r }} }}; undef $f; $f = Radio::late(\\&Radio::run, $n)",
        head="sub Radio::late { my ( $run, $n ) = @_; return sub { $run->( Radio->new( name => $n )->tune ) } }\n",
    ),
    # Keys that are not written out.
    _taking(
        "key-in-a-variable",
        Kind.RETURNED,
        "sub get { my ( $self, $key ) = @_; return $self->{$key} }    # here",
        f"{MAKE}->get('heard')",
    ),
    _taking(
        "key-in-a-variable-outside",
        Kind.OUTLIVES,
        "",
        f"do {{ my $o = {MAKE}; my $key = 'heard';\n my $g = $o->{{$key}};    # here\n"
        " undef $o; print $g->(), qq(\\n); sub { 1 } }",
    ),
    _taking(
        "key-of-a-constant",
        Kind.RETURNED,
        "use constant KEY => 'heard';\nsub get { my ($self) = @_; return $self->{ +KEY } }    # here",
        f"{MAKE}->get",
    ),
    _taking(
        "key-is-joined",
        Kind.RETURNED,
        "sub get { my ($self) = @_; return $self->{ 'he' . 'ard' } }    # here",
        f"{MAKE}->get",
    ),
    _taking(
        "dollar-dollar",
        Kind.RETURNED,
        "sub get { my ($self) = @_; return $$self{heard} }    # here",
        f"{MAKE}->get",
    ),
    _taking(
        "dollar-dollar-key",
        Kind.RETURNED,
        "sub get { my ( $self, $key ) = @_; return $$self{$key} }    # here",
        f"{MAKE}->get('heard')",
    ),
    _taking(
        "shift-arrow-key",
        Kind.ADDRESS,
        "sub get { return shift->{ shift() } }    # here",
        f"{MAKE}->get('heard')",
    ),
    _taking(
        "arguments-by-number",
        Kind.RETURNED,
        "sub get { return $_[0]{ $_[1] } }    # here",
        f"{MAKE}->get('heard')",
    ),
    _taking(
        "function-of-another-package",
        Kind.RETURNED,
        "",
        f"Probe::field( {MAKE}, 'heard' )",
        head="sub Probe::field { my ( $thing, $key ) = @_; return $thing->{$key} }    # here\n",
    ),
    _taking(
        "kept-in-an-array-first",
        Kind.RETURNED,
        "",
        f"Probe::first( [ {MAKE} ], 'heard' )",
        head="sub Probe::first { my ( $list, $key ) = @_; return $list->[0]{$key} }    # here\n",
    ),
    _taking(
        "kept-in-a-field-first",
        Kind.RETURNED,
        "",
        f"Probe::held( {{ thing => {MAKE} }}, 'heard' )",
        head="sub Probe::held { my ( $box, $key ) = @_; return $box->{thing}{$key} }    # here\n",
    ),
    _taking(
        "argument-in-a-hash",
        Kind.RETURNED,
        "",
        f"Probe::named( thing => {MAKE}, key => 'heard' )",
        head="sub Probe::named { my (%args) = @_; return $args{thing}{ $args{key} } }    # here\n",
    ),
    _taking(
        "through-map",
        Kind.NOT_UNDERSTOOD,
        "",
        f"( map {{ my $key = 'heard'; $_->{{$key}} }} {MAKE} )[0]    # here\n",
    ),
    # All values at once.
    Escaping(
        "whole-hash",
        Kind.COPIED,
        "",
        f'my $o = {MAKE};\n    my %copy = %$o;    # here\n    undef $o;\n    print $copy{{heard}}->(), "\\n";',
    ),
    Escaping(
        "whole-hash-anonymous",
        Kind.COPIED,
        "sub copy { return { %{ $_[0] } } }    # here",
        f"my $copy = {MAKE}->copy; print $copy->{{heard}}->(), qq(\\n);",
    ),
    Escaping(
        "postfix-dereference",
        Kind.COPIED,
        "sub copy { my ($self) = @_; return { $self->%* } }    # here",
        f"my $copy = {MAKE}->copy; print $copy->{{heard}}->(), qq(\\n);",
        head="use v5.24;\n",
    ),
    _taking(
        "values",
        Kind.COPIED,
        "sub subs { my ($self) = @_; return grep { ref } values %$self }    # here",
        f"( {MAKE}->subs )[0]",
    ),
    _taking(
        "each",
        Kind.COPIED,
        "sub first_sub { my ($self) = @_;\n"
        " while ( my ( $key, $value ) = each %$self ) { return $value if ref $value } }    # here",
        f"{MAKE}->first_sub",
    ),
    _taking(
        "slice",
        Kind.COPIED,
        "sub some { my ($self) = @_; return @{$self}{qw( name heard )} }    # here",
        f"( {MAKE}->some )[1]",
    ),
    _taking(
        "slice-without-braces",
        Kind.COPIED,
        "sub some { my ($self) = @_; return @$self{ 'heard', 'name' } }    # here",
        f"( {MAKE}->some )[0]",
    ),
    _taking(
        "slice-of-keys-in-a-list",
        Kind.COPIED,
        "sub some { my ( $self, @keys ) = @_; return @{$self}{@keys} }    # here",
        f"( {MAKE}->some('heard') )[0]",
    ),
    Escaping(
        "slice-with-keys",
        Kind.COPIED,
        "sub some { my ($self) = @_; return { %$self{qw( heard )} } }    # here",
        f"my $copy = {MAKE}->some; print $copy->{{heard}}->(), qq(\\n);",
        head="use v5.20;\n",
    ),
    _taking(
        "slice-by-an-arrow",
        Kind.COPIED,
        "sub some { my ($self) = @_; return $self->@{qw( heard name )} }    # here",
        f"( {MAKE}->some )[0]",
        head="use v5.24;\n",
    ),
    _taking(
        "deleted-slice",
        Kind.COPIED,
        "sub some { my ($self) = @_; return delete @{$self}{qw( name heard )} }    # here",
        "( Radio->new( name => $n )->tune->some )[1]",
        store="sub tune { my ($self) = @_;\n"
        ' $self->{again} = $self->{heard} = sub { return "n " . keys %$self }; return $self }',
    ),
    # Containers in the object.
    _taking(
        "nested-key",
        Kind.RETURNED,
        "sub handler { my ( $self, $name ) = @_; return $self->{on}{$name} }    # here",
        f"{MAKE}->handler('ready')",
        store='sub tune { my ($self) = @_; $self->{on}{ready} = sub { return "n $self->{name}" }; return $self }',
    ),
    _taking(
        "nested-container",
        Kind.RETURNED,
        "sub handlers { my ($self) = @_; return $self->{on} }    # here",
        f"{MAKE}->handlers->{{ready}}",
        store='sub tune { my ($self) = @_; $self->{on}{ready} = sub { return "n $self->{name}" }; return $self }',
    ),
    _taking(
        "list-by-index",
        Kind.RETURNED,
        "sub last_one { my ($self) = @_; return $self->{list}[-1] }    # here",
        f"{MAKE}->last_one",
        store='sub tune { my ($self) = @_; push @{ $self->{list} }, sub { return "n $self->{name}" }; return $self }',
    ),
    _taking(
        "list-shifted",
        Kind.RETURNED,
        "sub next_one { my ($self) = @_; return shift @{ $self->{list} } }    # here",
        "Radio->new( name => $n )->tune->next_one",
        store='sub tune { my ($self) = @_; my $cb = sub { return "n $self->{name}" };'
        " push @{ $self->{list} }, $cb; push @{ $self->{list} }, $cb; return $self }",
    ),
    _taking(
        "list-popped",
        Kind.RETURNED,
        "sub next_one { my ($self) = @_; pop @{ $self->{list} } }    # here",
        "Radio->new( name => $n )->tune->next_one",
        store='sub tune { my ($self) = @_; my $cb = sub { return "n $self->{name}" };'
        " push @{ $self->{list} }, $cb; push @{ $self->{list} }, $cb; return $self }",
    ),
    _taking(
        "list-as-a-whole",
        Kind.RETURNED,
        "sub list { my ($self) = @_; return @{ $self->{list} } }    # here",
        f"( {MAKE}->list )[0]",
        store='sub tune { my ($self) = @_; push @{ $self->{list} }, sub { return "n $self->{name}" }; return $self }',
    ),
    _taking(
        "list-mapped",
        Kind.RETURNED,
        "sub list { my ($self) = @_; return map { $_ } @{ $self->{list} } }    # here",
        f"( {MAKE}->list )[0]",
        store='sub tune { my ($self) = @_; push @{ $self->{list} }, sub { return "n $self->{name}" }; return $self }',
    ),
    _taking(
        "list-filtered",
        Kind.RETURNED,
        "sub list { my ($self) = @_; return grep { ref } @{ $self->{list} } }    # here",
        f"( {MAKE}->list )[0]",
        store='sub tune { my ($self) = @_; push @{ $self->{list} }, sub { return "n $self->{name}" }; return $self }',
    ),
    _taking(
        "list-in-a-loop",
        Kind.STORED,
        "our @all;\nsub copy { my ($self) = @_;\n"
        " for my $cb ( @{ $self->{list} } ) { push @all, $cb }    # here\n return 1 }",
        f"do {{ {MAKE}->copy; pop @Radio::all }}",
        store='sub tune { my ($self) = @_; push @{ $self->{list} }, sub { return "n $self->{name}" }; return $self }',
    ),
    # Methods that the text does not show.
    _taking(
        "autoload",
        Kind.AUTOLOAD,
        "our $AUTOLOAD;\nsub AUTOLOAD { my ($self) = @_; my $key = $AUTOLOAD =~ s/.*:://r;\n"
        " return if $key eq 'DESTROY'; return $self->{$key} }",
        f"{MAKE}->heard",
    ),
    _taking(
        "glob-assignment",
        Kind.GENERATED,
        "for my $key (qw( heard )) { no strict 'refs'; *{\"Radio::take_$key\"} = sub { return $_[0]{$key} } }",
        f"{MAKE}->take_heard    # here\n",
    ),
    _taking(
        "can",
        Kind.SYMBOLIC,
        "sub heard { my ($self) = @_; my $key = 'heard'; return $self->{$key} }",
        f"do {{ my $o = {MAKE}; my $get = $o->can('heard'); $get->($o) }}    # here\n",
    ),
    _taking(
        "method-in-a-variable",
        Kind.SYMBOLIC,
        "sub heard { my ($self) = @_; my $key = 'heard'; return $self->{$key} }",
        f"do {{ my $o = {MAKE}; my $method = 'heard'; $o->$method }}    # here\n",
    ),
    _taking(
        "string-eval",
        Kind.STRING_EVAL,
        "sub string { my ($self) = @_; return eval '$self->{heard}' }    # here",
        f"{MAKE}->string",
    ),
    _taking(
        "substitution-evaluated-twice",
        Kind.STRING_EVAL,
        "our $got;\nsub string { my ($self) = @_; my $t = 'x';\n"
        " my $code = '$got = $self->{heard}';\n $t =~ s/x/$code/ee;    # here\n"
        " my $it = $got; undef $got; return $it }",
        f"{MAKE}->string",
    ),
    _taking(
        "overloaded",
        Kind.OVERLOADED,
        "use overload '&{}' => sub { my ($self) = @_; my $key = 'heard'; return $self->{$key} };",
        f"do {{ my $o = {MAKE}; \\&$o }}",
    ),
    _taking(
        "local",
        Kind.ALIASED,
        "sub swap { my ($self) = @_; local $self->{heard} = $self->{heard}; return $self->take }    # here\n"
        "sub take { my ($self) = @_; my ($cb) = @{$self}{'heard'}; return $cb }",
        f"{MAKE}->swap",
    ),
    Escaping(
        "code-in-a-regular-expression",
        Kind.HIDDEN_CODE,
        "our @got;\nsub look { my ($self) = @_; my $t = 'x';\n"
        " $t =~ s/x/push @got, $self->name/e;    # here\n return scalar @got }",
        f'my $o = {MAKE};\n    print $o->look, "\\n";',
    ),
    # The object goes where it is not followed.
    Escaping(
        "passed-to-a-library",
        Kind.UNKNOWN_CODE,
        "sub snapshot { my ($self) = @_; return List::Util::first( sub { 1 }, $self ) }    # here",
        f'my $same = {MAKE}->snapshot;\n    print $same->name, "\\n";',
        head="use List::Util;\n",
    ),
    Escaping(
        "weak-reference",
        Kind.WEAKENED,
        "our @later;\nsub later { my ($self) = @_;\n"
        " Scalar::Util::weaken( my $weak = $self );    # here\n"
        " push @later, sub { $weak ? $weak->name : 'gone' }; return 1 }",
        f'my $o = {MAKE};\n    print $o->later, " ";\n    undef $o;\n    print $Radio::later[-1]->(), "\\n";',
        head="use Scalar::Util;\n",
    ),
    Escaping(
        "weak-element",
        Kind.WEAKENED,
        "our %all;\nsub register { my ($self) = @_; $all{ $self->{name} } = $self;\n"
        " Scalar::Util::weaken( $all{ $self->{name} } );    # here\n return 1 }",
        f'my $o = {MAKE};\n    print $o->register, " ";\n    undef $o;\n'
        '    print $Radio::all{$n} ? $Radio::all{$n}->name : "gone", "\\n";',
        head="use Scalar::Util;\n",
    ),
    Escaping(
        "address-as-a-key",
        Kind.ADDRESS,
        "our %seen;\nsub count { my ($self) = @_; $seen{$self}++; return scalar keys %seen }    # here",
        f'my $o = {MAKE};\n    print $o->count, "\\n";',
    ),
    Escaping(
        "address-in-a-string",
        Kind.ADDRESS,
        'our %seen;\nsub count { my ($self) = @_;\n my $key = "of $self";    # here\n'
        " $seen{$key}++; return scalar keys %seen }",
        f'my $o = {MAKE};\n    print $o->count, "\\n";',
    ),
    Escaping(
        "refaddr",
        Kind.ADDRESS,
        "our %seen;\nsub count { my ($self) = @_;\n $seen{ Scalar::Util::refaddr($self) }++;    # here\n"
        " return scalar keys %seen }",
        f'my $o = {MAKE};\n    print $o->count, "\\n";',
        head="use Scalar::Util;\n",
    ),
    Escaping(
        "weakened-by-another-name",
        Kind.WEAKLY_HELD,
        "sub lighten { Scalar::Util->can('weaken')->( $_[0] ) }\n"
        "sub later { my ($self) = @_; $self->{back} = $self->{list} = [1]; lighten( $self->{back} ); return 1 }",
        f'my $o = {MAKE};\n    print $o->later, "\\n";',
        head="use Scalar::Util;\n",
    ),
    Escaping(
        "tied",
        Kind.TIED,
        "sub FETCH { my ($self) = @_; return $self->name }",
        f'my $o = {MAKE};\n    print $o->name, "\\n";',
    ),
    Escaping(
        "text-that-is-not-understood",
        Kind.UNPARSED,
        "sub turn { my ($self) = @_; no warnings;\n"
        " given ( $self->{name} ) { when (1) { return 1 } }    # here\n return 2 }",
        f'my $o = {MAKE};\n    print $o->turn, "\\n";',
        head="no warnings; use feature 'switch';\n",
    ),
    Escaping(
        "dropped-at-once",
        Kind.DROPPED_AT_ONCE,
        "",
        f"{MAKE};    # here",
    ),
    Escaping(
        "dropped-at-the-end-of-its-block",
        Kind.DROPPED,
        "sub on { my ( $self, $cb ) = @_; $self->{heard} = $cb; return }",
        "my $o = Radio->new( name => $n );    # here\n    $o->on( sub { $o->name } );",
    ),
    Escaping(
        "key-is-a-number",
        Kind.COMPUTED_KEY,
        "",
        f'my $o = {MAKE};\n    print $o->name, "\\n";',
        store="sub tune { my ($self) = @_;\n $self->{1} = sub { $self->{name} };    # here\n return $self }",
    ),
    Escaping(
        "data-from-somewhere",
        Kind.NO_ORIGIN,
        "",
        "Probe::fill($_) for map { { name => $_ } } $n;    # here",
        head="sub Probe::fill { my ($data) = @_; $data->{cb} = sub { return $data->{name} };"
        ' print $data->{cb}->(), "\\n"; return }\n',
    ),
    Escaping(
        "pair",
        Kind.OTHER_OBJECT,
        "sub pair { my ( $self, $other ) = @_; $other->{peer} = $self;\n"
        " $self->{heard} = sub { $other->name };    # here\n return $self }\n"
        "sub call { my ($self) = @_; return $self->{heard}->() }",
        "my $one = Radio->new( name => 1 );\n    { my $two = Radio->new( name => $n ); $one->pair($two) }\n"
        '    print $one->call, "\\n";',
    ),
    Escaping(
        "calls-each-other",
        Kind.SUB_OF_VARIABLE,
        "",
        "my ( $even, $odd );    # here\n    $even = sub { $_[0] ? $odd->( $_[0] - 1 ) : 1 };\n"
        '    $odd = sub { $_[0] ? $even->( $_[0] - 1 ) : 0 };\n    print $even->(4), "\\n";',
    ),
    Escaping(
        "value-of-the-callback",
        Kind.VALUE_USED,
        "sub hang_up { my ($self) = @_; return $self->{gone}->($self) }",
        'my $one = Probe::lines($n);\n    print $one->hang_up, "\\n";    # here',
        head="sub Probe::lines { my $list = [];\n push @$list,"
        " Radio->new( gone => sub { my ($one) = @_; @$list = grep { $_ != $one } @$list } ) for 1 .. 3;\n"
        " return $list->[0] }\n",
    ),
    Escaping(
        "in-another-object",
        Kind.SEVERAL,
        "",
        'my $outer = Outer->new( name => $n );\n    print $outer->name, "\\n";',
        head="package Part { our @all; sub new { my ( $class, %args ) = @_; return bless {%args}, $class } }\n"
        "package Outer { our @ISA = 'Radio'; sub new { my ( $class, %args ) = @_; my $self = bless {%args}, $class;\n"
        " my $part = Part->new;\n $self->{part} = $part;\n"
        " my $cb = sub { $self->{name} };\n $self->{heard} = $cb;\n"
        " $part->{heard} = $cb;    # here\n return $self } }\n",
    ),
    Escaping(
        "destroy-prints",
        Kind.DESTROYED,
        "our $gone = 0;\nsub DESTROY { $gone++ }    # here",
        f'my $o = {MAKE};\n    print $o->name, " $Radio::gone\\n";',
    ),
    Escaping(
        "part-destroy-prints",
        Kind.DESTROYED,
        "package Radio::Part { our $gone = 0; sub new { return bless {}, shift }\n sub DESTROY { $gone++ } }    # here",
        f'my $o = {MAKE};\n    $o->{{part}} = Radio::Part->new;\n    print $o->name, " $Radio::Part::gone\\n";',
    ),
)
"""One program for each way."""
