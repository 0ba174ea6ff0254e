# The program's own object and one of a library hold each other: the program's own was lost.
# title: 9 Market objects can never be freed
# mark: 11 _context
use strict;
use warnings;
use lib 'local/lib/perl5';
use Abba::Request;
use Devel::MAT::Dumper;

package Market {
    sub new { my ($class) = @_; my $self = bless {}, $class; $self->{request} = Abba::Request->new( _context => $self ); return $self }
}

Market->new for 1 .. 9;

Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
