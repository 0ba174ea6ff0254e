#!/usr/bin/perl
# Prints, as JSON, everything that Devel::MAT, the reference reader, understood of the dump that is its argument.

use strict;
use warnings;

use Devel::MAT::Dumpfile;
use JSON::PP;

my $dump = do { no warnings; Devel::MAT::Dumpfile->load( $ARGV[0] ) };

# What there is to say about an SV of each kind.
my %details = (
    SCALAR => sub {
        my ($sv) = @_;
        my $integer = $sv->uv // $sv->iv;
        my $nv      = $sv->nv;
        return (
            integer => defined $integer ? "$integer" : undef,
            nv      => defined $nv      ? "$nv"      : undef,
            pv      => $sv->pv,
            pvlen   => $sv->pvlen,
        );
    },
    REF   => sub { rv => $_[0]->rv_at, weak => $_[0]->is_weak ? 1 : 0 },
    ARRAY => sub {
        my ($sv) = @_;
        return ( elems => [ map { $sv->elem_at($_) } 0 .. $sv->elems - 1 ], unreal => $sv->is_unreal ? 1 : 0 );
    },
    HASH => sub {
        my ($sv) = @_;
        return ( values => { map { $_ => address( $sv->value($_) ) } $sv->keys } );
    },
    STASH => sub { name => $_[0]->stashname },
    CLASS => sub {
        my ($sv) = @_;
        return ( name => $sv->stashname, fields => [ map { [ $_->fieldix, $_->name ] } $sv->fields ] );
    },
    OBJECT => sub {
        my ($sv) = @_;
        return ( fields => [ map { $sv->field_at($_) } 0 .. $sv->fields - 1 ] );
    },
    GLOB => sub {
        my ($sv) = @_;
        my %slots = ( io => address( $sv->io ), code => address( $sv->code ) );
        return ( name => $sv->name, file => $sv->file, line => $sv->line, %slots );
    },
    CODE => sub {
        my ($sv) = @_;
        my $padname = $sv->padname(1);
        return (
            file    => $sv->file,
            line    => $sv->line,
            name    => $sv->hekname,
            oproot  => $sv->oproot,
            depth   => $sv->depth,
            outside => address( $sv->scope ),
            clone   => $sv->is_clone ? 1 : 0,
            padname => $padname && $padname->name,
        );
    },
    IO     => sub { ifileno => $_[0]->ifileno, ofileno => $_[0]->ofileno },
    LVALUE => sub { off => $_[0]->off, len => $_[0]->len, target => address( $_[0]->target ) },
    C_STRUCT => sub {
        my ($sv) = @_;
        my @fields;
        my @pairs = $sv->fields;
        while ( my ( $field, $value ) = splice @pairs, 0, 2 ) {
            push @fields, [ $field->name, ref $value ? address($value) : $value ];
        }
        return ( struct => $sv->structtype->name, fields => \@fields );
    },
);

my %told = (
    perl     => $dump->perlversion,
    endian   => $dump->endian,
    uint     => $dump->uint_len,
    ptr      => $dump->ptr_len,
    nv       => $dump->nv_len,
    ithreads => $dump->ithreads ? 1 : 0,
    svs      => { map { address($_) => description($_) } $dump->heap },
    main     => address( $dump->main_cv ),
    stack    => [ map { address($_) } $dump->stack ],
    contexts => [ map { [ $_->type, $_->file, $_->line, $_->gimme ] } $dump->contexts ],
);
print JSON::PP->new->ascii->encode( \%told );

sub description {
    my ($sv) = @_;
    my $more = $details{ $sv->type } // sub { };
    return {
        type     => $sv->type,
        refcount => $sv->refcnt,
        size     => $sv->size,
        blessed  => address( $sv->blessed ),
        mortal   => $sv->is_mortal ? 1 : 0,
        magic    => [ map { [ $_->type, address( $_->obj ) ] } $sv->magic ],
        $more->($sv),
    };
}

sub address {
    my ($sv) = @_;
    return $sv ? $sv->addr : 0;
}
