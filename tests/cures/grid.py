"""Every way to store a callback with every way to use its object, and with every way to let it outlive that."""

from __future__ import annotations

from tests.cures.escapes import HEAD, TAIL

_CLASS = """
package Lamp {
    sub new { my ( $class, %args ) = @_; my $self = bless { %args, count => 0 }, $class; return $self }
    sub name { my ($self) = @_; return $self->{name} }
STORE
    sub press { my ($self) = @_; CALL return $self->{count} }
MORE
}
package main;
sub use_lamp {
    my ($n) = @_;
    my $lamp = Lamp->new( name => "lamp $n" );
    SETUP
    USE
    return;
}
use_lamp($_) for 1 .. 3;
"""
_BODY = "sub { $self->{count}++; return $self->{name} }"

STORES = {
    "field": (f"sub light {{ my ($self) = @_;\n $self->{{on}} = {_BODY}; return $self }}", "$self->{on}->();"),
    "field-without-arrow": (
        f"sub light {{ my $self = shift;\n $$self{{on}} = {_BODY};\n return $self }}",
        "$$self{on}->();",
    ),
    "variable-first": (
        f"sub light {{ my ($self) = @_;\n my $cb = {_BODY};\n $self->{{on}} = $cb;\n return $self }}",
        "my $cb = $self->{on}; $cb->() if $cb;",
    ),
    "setter": (
        "sub set_on { my ( $self, $cb ) = @_; $self->{on} = $cb; return }\n"
        f"sub light {{ my ($self) = @_;\n $self->set_on( {_BODY} );\n return $self }}",
        "&{ $self->{on} }();",
    ),
    "made-by-a-method": (
        f"sub maker {{ my ($self) = @_;\n return {_BODY} }}\n"
        "sub light { my ($self) = @_; $self->{on} = $self->maker; return $self }",
        "$self->{on}->() if defined $self->{on} && ref $self->{on} eq 'CODE';",
    ),
    "nested": (
        f"sub light {{ my ($self) = @_;\n $self->{{on}}{{press}} = {_BODY};\n return $self }}",
        "$self->{on}{press}->() if exists $self->{on}{press};",
    ),
    "list": (
        f"sub light {{ my ($self) = @_;\n push @{{ $self->{{on}} }}, {_BODY};\n return $self }}",
        "$_->() for @{ $self->{on} };",
    ),
    "list-in-a-loop": (
        f"sub light {{ my ($self) = @_;\n push @{{ $self->{{on}}{{press}} }}, {_BODY};\n return $self }}",
        "for my $cb ( @{ $self->{on}{press} || [] } ) { $cb->() }",
    ),
    "list-copied-first": (
        f"sub light {{ my ($self) = @_;\n push @{{ $self->{{on}} }}, {_BODY};\n return $self }}",
        "my @cbs = @{ $self->{on} }; $_->() for @cbs;",
    ),
    "or-equals": (
        f"sub light {{ my ($self) = @_;\n $self->{{on}} ||= {_BODY};\n return $self }}",
        "( $self->{on} || sub { } )->();",
    ),
    "two-fields": (
        f"sub light {{ my ($self) = @_;\n $self->{{on}} = $self->{{off}} = {_BODY};\n return $self }}",
        "$self->{on}->(); $self->{off}->();",
    ),
    "deleted-when-called": (
        f"sub light {{ my ($self) = @_;\n $self->{{spare}} = $self->{{on}} = {_BODY};\n return $self }}",
        "if ( my $cb = delete $self->{on} ) { $cb->() }",
    ),
}
"""What stores the callback, and what calls it."""

USES = {
    "called": ("$lamp->light;", 'print $lamp->press, "\\n";'),
    "chained": ("$lamp->light->press;", 'print $lamp->name, "\\n";'),
    "in-an-array": (
        "my @lamps = ($lamp); $_->light for @lamps;",
        'print join( q( ), map { $_->press } @lamps ), "\\n";',
    ),
    "in-a-hash": (
        "my %lamps = ( one => $lamp ); $lamps{one}->light;",
        'print $lamps{one}->press, " ", $lamp->name, "\\n";',
    ),
    "in-an-object": (
        "my $room = { lamp => $lamp }; $room->{lamp}->light;",
        'print $room->{lamp}->press, " ", $lamp->{count}, "\\n";',
    ),
    "passed": ("$lamp->light;", "show($lamp);"),
    "returned": ("$lamp->light;", 'my $same = same($lamp); print $same->press, " $same->{name}\\n";'),
    "captured": ("$lamp->light;", 'my $later = sub { return $lamp->press }; print $later->(), "\\n";'),
    "global": ("our %lamps; $lamps{$n} = $lamp; $lamp->light;", 'print $lamps{$n}->press, "\\n"; delete $lamps{$n};'),
}
"""What sets the object up, and what uses it."""

_MORE = """
sub main::show { my ($one) = @_; print $one->press, " ", $one->name, "\\n"; return }
sub main::same { my ($one) = @_; return $one }
"""


def programs() -> dict[str, str]:
    """Each second combination, by its name: every store is with every other use."""
    found = {}
    for row, (store, (stores, calls)) in enumerate(STORES.items()):
        for use, (setup, uses) in list(USES.items())[row % 2 :: 2]:
            body = _CLASS.replace("STORE", stores).replace("CALL", calls).replace("MORE", _MORE)
            found[f"{store}--{use}"] = HEAD + body.replace("SETUP", setup).replace("USE", uses) + TAIL
    return found


_ACCESS = {
    "field": "{on}",
    "setter": "{on}",
    "made-by-a-method": "{on}",
    "nested": "{on}{press}",
    "list": "{on}[0]",
    "list-in-a-loop": "{on}{press}[0]",
    "or-equals": "{on}",
    "two-fields": "{off}",
}
"""Where each store has the callback."""
WAYS_OUT = {
    "getter": ("sub out { my ($self) = @_; return $self->AT }", "my $cb = $lamp->out;"),
    "implicit": ("sub out { $_[0]->AT }", "my $cb = $lamp->out;"),
    "list": ("sub out { my ($self) = @_; return ( 1, $self->AT ) }", "my ( undef, $cb ) = $lamp->out;"),
    "by-a-variable": ("sub out { my ($self) = @_; my $it = $self->AT; return $it }", "my $cb = $lamp->out;"),
    "deep": (
        "sub in { my ($self) = @_; return $self->AT } sub mid { return $_[0]->in } sub out { my $s = shift; $s->mid }",
        "my $cb = $lamp->out;",
    ),
    "wrapped": ("sub out { my ($self) = @_; my $it = $self->AT; return sub { $it->() } }", "my $cb = $lamp->out;"),
    "global": ("our $it; sub out { my ($self) = @_; $it = $self->AT; return 1 }", "$lamp->out; my $cb = $Lamp::it;"),
    "passed": (
        "sub out { my ($self, $to) = @_; $to->( $self->AT ); return 1 }",
        "my $cb; $lamp->out( sub { $cb = shift } );",
    ),
    "outside": ("", "my $cb = $lamp->AT;"),
    "copied": ("sub copy { my ($self) = @_; return {%$self} }", "my $copy = $lamp->copy; my $cb = $copy->AT;"),
}
"""A method, and how it is used."""


def combined() -> dict[str, str]:
    """Each store with each way out, by its name: the callback is called when the object is gone."""
    found = {}
    for store, at in _ACCESS.items():
        stores, calls = STORES[store]
        for way, (method, takes) in WAYS_OUT.items():
            body = _CLASS.replace("STORE", stores).replace("CALL", calls).replace("MORE", method.replace("AT", at))
            use = f"{takes.replace('AT', at)} undef $lamp; print $cb->(), qq(\\n);"
            found[f"{store}--{way}"] = HEAD + body.replace("SETUP", "$lamp->light;").replace("USE", use) + TAIL
    return found
