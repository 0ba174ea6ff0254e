use strict; use warnings; use Scalar::Util 'weaken';
# keep myself alive until I am done: the loop holds a closure over a weakened $self
package Job { sub start { my ($class,$loop)=@_; my $self=bless {}, $class; $self->{self}=$self; 
  Scalar::Util::weaken(my $weak=$self); push @$loop, sub { my $s=$weak or return; delete $s->{self}; }; return }
  sub DESTROY { print "freed\n" } }
package main;
my @loop; Job->start(\@loop) for 1..3;
require Devel::MAT::Dumper; Devel::MAT::Dumper::dump($ENV{PMAT_OUT});
$_->() for @loop; print "end\n";
