"""What counts as a store under a key, what never does, and how the reference is weakened there."""

from __future__ import annotations

import pytest

from pmat_lsp.analysis.result import Edge, Hop
from pmat_lsp.format.kinds import Kind
from pmat_lsp.source.direction import cut_by_source
from pmat_lsp.source.edits import apply_edits
from pmat_lsp.source.key_stores import KeyStore, edge_stores, ties
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.reassigned import is_assigned_again
from pmat_lsp.source.stored import store_of


def hop(name: str, kind: str = "key", holder: str | None = "Kid", target: str | None = "Shop") -> Hop:
    """A hop from an object to another."""
    target_kind = Kind.HASH if target is not None else Kind.CODE
    return Hop(0, 1, kind, f"->{{{name}}}", name, "", "", None, (0, 1), Kind.HASH, holder, target_kind, target)


def edge(name: str, kind: str = "key", nested: bool = False) -> Edge:
    """An edge of one hop, or through a container."""
    if not nested:
        return Edge(0, (hop(name, kind),))
    element = Hop(1, 2, "index", "->[0]", "0", "", "", None, (1, 2), Kind.ARRAY, None, Kind.HASH, "Kid")
    return Edge(0, (hop(name, kind, target=None), element))


def stores(text: str, of: Edge) -> list[KeyStore]:
    return list(edge_stores(PerlSource(text), of))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("$kid->{up} = $shop;", "assigned"),
        ("$kid->{up} //= $shop;", "assigned"),
        ("$$kid{up} = $shop;", "assigned"),
        ("$_[0]{up} = $_[1];", "assigned"),
        ("local $kid->{up} = $shop;", "assigned"),
        ("( $kid->{up}, $kid->{x} ) = ( $shop, 1 );", "assigned"),
        ("$kid->{'up'} = shift;", "assigned"),
        ("my $kid = Kid->new( up => $shop );", "argument"),
        ("my $kid = Kid->new( { up => $shop } );", "argument"),
        ("my $kid = $class->SUPER::new( up => $shop );", "argument"),
        ("my $kid = $app->new_kid( up => $shop );", "argument"),
        ("my $kid = bless { up => $shop }, $class;", "initial"),
        ("my $kid = { up => $shop };", "initial"),
        ("my %kid = ( up => $shop );", "initial"),
        ("has up => ( is => 'ro' );", "attribute"),
        ("has '+up' => ( is => 'ro' );", "attribute"),
        ("has [qw( up down )] => ( is => 'ro' );", "attribute"),
        ("has [ 'up', 'down' ] => ( is => 'ro' );", "attribute"),
        ("$kid->up($shop);", "set"),
    ],
)
def test_what_stores_a_reference(text: str, kind: str) -> None:
    assert [store.kind.value for store in stores(text, edge("up"))] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "$kid->{up} = undef;",
        "$kid->{up} = [];",
        "$kid->{up} = {};",
        "$kid->{up} = 1;",
        "$kid->{up} = 'name';",
        "$kid->{up} = sub { 1 };",
        "my $kid = { up => undef };",
        "my $kid = bless { up => [] }, $class;",
        "$shop->emit( up => $shop );",
        "notify( up => $shop );",
        "$kid->{up} == $shop or die;",
        "print $kid->{up};",
        "$kid->{up}{down} = $shop;",
        "push @{ $kid->{up} }, $shop;",
        "weaken( $kid->{up} = $shop );",
        "$kid->{up} = $shop; weaken( $kid->{up} );",
        "$kid->{up} = $shop; Scalar::Util::weaken $kid->{up};",
        "my $shop = $kid->up;",
        "# $kid->{up} = $shop;",
        "my $text = 'up => $shop';",
        "$x{ $kid->{up} } = $shop;",
        "$kid->{upper} = $shop;",
    ],
)
def test_what_never_does(text: str) -> None:
    assert stores(text, edge("up")) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("push @{ $shop->{kids} }, $kid;", 1),
        ("push $shop->{kids}->@*, $kid;", 1),
        ("unshift @{ $shop->{kids}{$name} }, $kid;", 1),
        ("$shop->{kids}[0] = $kid;", 1),
        ("$shop->{kids}{$name} = $kid;", 1),
        ("@{ $shop->{kids} } = map { Kid->new } 1 .. 3;", 1),
        ("$shop->{kids} = [ $kid ];", 1),
        ("my $shop = bless { kids => [] }, $class;", 0),
        ("@{ $shop->{kids} } = grep { $_ != $kid } @{ $shop->{kids} };", 0),
        ("@{ $shop->{kids} } = ();", 0),
        ("my @kids = @{ $shop->{kids} };", 0),
    ],
)
def test_what_puts_something_into_a_container(text: str, count: int) -> None:
    assert len(stores(text, edge("kids", nested=True))) == count


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("$self->[1] = $shop;", ["assigned"]),
        ("use constant UP => 1; $self->[UP] = $shop; $self->[DOWN] = $x;", ["assigned"]),
        ("use constant { DOWN => 0, UP => 1 }; $self->[UP] = $shop; $self->[DOWN] = $x;", ["assigned"]),
        (
            "package A; use constant UP => 2; package B; use constant UP => 1; $x->[A::UP] = $y; $x->[UP] = $z;",
            ["assigned"],
        ),
        ("my $self = bless [ $name, $shop ], $class;", ["initial"]),
        ("my $self = bless [ @names, $shop ], $class; my @plain = ( [ 1, $shop ] );", []),
    ],
)
def test_what_stores_at_an_index(text: str, kinds: list[str]) -> None:
    assert [store.kind.value for store in stores(text, edge("1", "index"))] == kinds


def test_what_stores_in_a_field() -> None:
    text = "class Kid { field $up :param; method adopt($shop) { $up = $shop; return $up } method x { my $y = $up } }"
    assert [store.kind.value for store in stores(text, edge("$up", "field"))] == ["attribute", "assigned"]


def test_a_tie_to_the_class_or_to_one_that_the_text_does_not_name() -> None:
    text = "tie %h, 'Kid', 1; tie my @a, 'Other'; tie $$s, $class; package Kid; tie %$self, __PACKAGE__; sub tie_up { }"
    found = list(ties(PerlSource(text), "Kid"))
    assert [store.base and PerlSource(text).string(store.base) for store in found] == ["%h", "$$s", "%$self"]


@pytest.mark.parametrize(
    ("text", "weakened"),
    [
        ("$self->{kid} = Kid->new( up => $self ); go();", "weaken( $self->{kid}{up} ) if ref $self->{kid}{up};"),
        ("my $kid = Kid->new( up => $self ); go();", "weaken( $kid->{up} ) if ref $kid->{up};"),
        ("push @{ $self->{kids} }, Kid->new( up => $self ); go();", "weaken( $self->{kids}[-1]{up} ) if ref"),
        ("push @$kids, { up => $self }; go();", "weaken( $kids->[-1]{up} ) if ref"),
        ("push @kids, Kid->new( { up => $self } ); go();", "weaken( $kids[-1]{up} ) if ref"),
        ("my $kid = { name => 1, up => $self }; go();", "weaken( $kid->{up} ) if ref"),
        ("my $kid = bless { up => $args{up} }, $class; go();", "weaken( $kid->{up} ) if ref"),
        ("$kid->{up} = $self if $self; go();", "weaken( $kid->{up} ) if ref"),
        ("$kid->up($self); go();", "weaken( $kid->{up} ) if ref"),
        ("$self->{up} = $self; go();", "weaken( $self->{up} );"),
        ("return bless { up => $self }, $class;", None),
        ("$self->{up} = Shop->new;", None),
        ("go( Kid->new( up => $self ) );", None),
        ("unshift @kids, Kid->new( up => $self );", None),
        ("my @kids = map { Kid->new( up => $self ) } 1 .. 3;", None),
    ],
)
def test_how_a_reference_is_weakened_where_it_is_stored(text: str, weakened: str | None) -> None:
    text = f"use Scalar::Util 'weaken'; sub f {{ my ( $self, $kid, %args ) = @_; {text} }}"
    (found,) = stores(text, edge("up"))
    store = store_of(found)
    edits = store.weaken() if store is not None else None
    assert (weakened is None) == (edits is None)
    if weakened is not None and edits is not None and store is not None:
        assert f"; {weakened}" in apply_edits(text, edits)
        assert not store.is_value_of_sub


def test_a_store_that_is_the_value_of_its_sub_is_known() -> None:
    (found,) = stores("sub add { my ( $self, $kid ) = @_; $kid->{up} = $self; }", edge("up"))
    store = store_of(found)
    assert store is not None
    assert store.is_value_of_sub


@pytest.mark.parametrize(
    ("text", "is_again"),
    [
        ("my $app = sub { 1 }; $app = wrap( sub { $app } );", True),
        ("my ($app) = @_; my $inner = sub { $app }; $app = wrap( $app, $inner );", True),
        ("sub f ($app) { $app = wrap( sub { $app } ) }", True),
        ("my $w; $w = timer( sub { undef $w } );", False),
        ("my $w = undef; $w = timer( sub { undef $w } );", False),
        ("my $w = shift; go( sub { $w } );", False),
        ("my $w = shift; $w = prepare($w); go( sub { $w } );", False),
        ("my $w = shift; go( sub { $w } ); $w = undef;", False),
        ("my $w = shift; go( sub { $w } ); $w = other();", False),
    ],
)
def test_a_variable_that_is_wrapped_again(text: str, is_again: bool) -> None:
    source = PerlSource(text)
    sub = next(
        sub
        for sub in source.subs
        if sub.name is None
        and ("$app" in sub.uses or "$w" in sub.uses)
        and "{ 1 }" not in text[sub.whole.start.column : sub.whole.end.column]
    )
    assert is_assigned_again(source, sub, "$app" if "$app" in sub.uses else "$w") == is_again


def test_no_place_decides_nothing() -> None:
    assert cut_by_source([]) is None
