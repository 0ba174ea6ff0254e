use strict; use warnings; use Devel::MAT::Dumper; use App;
App::submit($_) for 1 .. 5;
Job::run_all();
print "made $Job::made destroyed $Job::gone\n";
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );
