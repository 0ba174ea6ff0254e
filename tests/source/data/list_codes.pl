# Prints what perl knows about each sub of a file: label, recorded line, name, captured and all names of its pad.
# Usage: perl list_codes.pl FILE. Tabs between the fields, blanks between names.
use strict; use warnings;
use B qw( svref_2object SVf_FAKE );

my $file = shift;
my ( @labelled, %label, %seen );
{
   no strict 'refs';
   *{"main::list_labelled"} = sub { push @labelled, @_ };
   my $text = do { open my $in, '<', $file or die "$file: $!"; local $/; <$in> };
   eval qq{package main;\n#line 1 "$file"\n$text\n;list_labelled( \@shapes ); 1} or die $@;
}
$label{ svref_2object( $_->[1] )->object_2svref + 0 } = $_->[0] for @labelled;
visit( $_->[1] ) for @labelled;
visit_stash( $_ ) for qw( main:: Other::Package:: Third:: Fourth:: );

sub visit_stash {
   my ( $stash ) = @_;
   no strict 'refs';
   for my $name ( sort keys %$stash ) {
      my $glob = \$stash->{$name};
      my $code = ref $glob eq 'GLOB' ? *$glob{CODE} : ref $$glob eq 'CODE' ? $$glob : undef;
      visit( $code ) if $code;
   }
}

sub visit {
   my ( $code ) = @_;
   my $cv = svref_2object( $code );
   return if $seen{$$cv}++ or ref $cv ne 'B::CV' or ref $cv->START ne 'B::COP' or $cv->START->file ne $file;
   my ( $captured, $own ) = pad_names( $cv );
   print join( "\t", $label{ $code + 0 } // '', $cv->START->line, name_of( $cv ), "@$captured", "@$captured @$own" ), "\n";
   ref $_ eq 'B::CV' and visit( $_->object_2svref ) for ( $cv->PADLIST->ARRAY )[1]->ARRAY;
}

sub name_of {
   my ( $cv ) = @_;
   my $glob = $cv->GV;
   return '' if $glob->NAME eq '__ANON__';
   return $glob->STASH->NAME . '::' . $glob->NAME;
}

sub pad_names {
   my ( $cv ) = @_;
   my ( @captured, @own );
   for my $name ( ( $cv->PADLIST->ARRAY )[0]->ARRAY ) {
      next if ref $name eq 'B::SPECIAL' or !defined $name->PV or length $name->PV < 2;
      push @{ $name->FLAGS & 1 ? \@captured : \@own }, $name->PV;
   }
   return ( \@captured, \@own );
}
