# Tk, whose widgets are held by C code: buttons with callbacks, bindings, text variables, timers that are pending.
# modules: Tk
# alive: Tk::Button=5
# prints: 5 buttons, 0 ticks, 5 clicks
# prints: 5 buttons, 5 ticks, 10 clicks
use strict;
use warnings;
use Tk;
use Devel::MAT::Dumper;

my ( $ticks, $clicks ) = ( 0, 0 );
my $window  = MainWindow->new;
my @buttons = map {
    my $label = "button $_";
    my $button;
    $button = $window->Button( -textvariable => \$label, -command => sub { $clicks++; $label = 'clicked'; $button->update } );
    $button->pack;
    $button->bind( '<Enter>' => sub { $button->focus } );
    $window->after( 200, sub { $ticks++; $label .= '.' } );
    $button;
} 1 .. 5;
$_->invoke for @buttons;
printf "%d buttons, %d ticks, %d clicks\n", scalar @buttons, $ticks, $clicks;
Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );

$_->invoke for @buttons;
$window->after( 400, sub { $window->destroy } );
MainLoop;
printf "%d buttons, %d ticks, %d clicks\n", scalar @buttons, $ticks, $clicks;
