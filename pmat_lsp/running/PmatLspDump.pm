package PmatLspDump;

# Loaded through PERL5OPT by every perl of a command that pmat-lsp runs: writes the heap when that perl ends.
#
# The dumps go into the folder of this file. Each perl leaves PID-N.perl, which says what it is (names and values,
# separated by NUL), and PID-N.pmat, which stays empty if it ends without its END blocks: by exec, POSIX::_exit or a
# signal. A process that was forked leaves files of its own.
#
# The program must not notice: nothing is printed, @INC is as it was, `$!` and the exit status are kept, and the one file
# that is open from the start, for programs that run out of file numbers or change their user, has a high number. (As
# with every END block, `$@` is empty in what is destroyed after it.) No syntax here is newer than perl 5.8.

my ( $folder, $pid, $base, $kept, @identity );

sub import {
    return if defined $folder;
    local ( $@, $!, $? );
    local $SIG{__DIE__}  = 'DEFAULT';
    local $SIG{__WARN__} = sub { };
    ($folder) = __FILE__ =~ m{^(.*)/};
    @INC = grep { ref || $_ ne $folder } @INC;
    delete $INC{'PmatLspDump.pm'};
    my $has_dumper = eval { require Devel::MAT::Dumper; 1 };
    _introduce($has_dumper);
    return unless $has_dumper;
    my $handle = _opened() or return;
    $kept     = _high($handle) || $handle;
    @identity = _identity($kept);
    return;
}

sub _introduce {
    my ($has_dumper) = @_;
    $pid = $$;
    my $number = 0;
    $number++ while -e "$folder/$pid-$number.perl";
    $base = "$folder/$pid-$number";
    my $cwd = readlink '/proc/self/cwd';
    $cwd = eval { require Cwd; Cwd::getcwd() } unless defined $cwd;
    open my $about, '>:raw', "$base.perl" or return;
    local ( $,, $\ );
    print {$about} join "\0",
        pid     => $pid,
        version => sprintf( '%vd', $^V ),
        script  => $0,
        cwd     => defined $cwd ? $cwd : '',
        dumper  => $has_dumper  ? 1    : 0;
    close $about;
    return;
}

sub _opened { open my $handle, '>:raw', "$base.pmat" or return; return $handle }

sub _high {
    my ($handle) = @_;
    my $F_DUPFD = 0;
    for my $least ( 1000, 500, 250, 120, 60, 30, 10 ) {
        my $number = fcntl $handle, $F_DUPFD, $least or next;
        open my $high, '>&=', $number or return;
        binmode $high;
        return $high;
    }
    return;
}

sub _identity { return ( stat $_[0] )[ 0, 1 ] }

sub _dump {
    alarm 0;    # the program has ended: no timer may end the dump
    if ( $$ != $pid ) {
        undef $kept;
        _introduce(1);
    }
    # A daemon closes all files, and may have got another one under the same number.
    my $is_ours = $kept && "@identity" eq join ' ', _identity($kept);
    my $handle = $is_ours ? $kept : _opened();
    return unless $handle;
    # The dumper complains on stderr of what it does not know.
    my $stderr = POSIX::dup(2);
    POSIX::close(2) if defined $stderr;
    Devel::MAT::Dumper::dumpfh($handle);
    POSIX::dup2( $stderr, 2 ) && POSIX::close($stderr) if defined $stderr;
    close $handle;
    return;
}

# In a sub, and below without `local`: else the dump would have entries on the save stack that are not the program's.
sub _state { return ( $! + 0, $? ) }

END {
    my ( $errno, $status ) = _state();
    my ( $die, $warn ) = @SIG{ '__DIE__', '__WARN__' };
    if ( defined $folder && $INC{'Devel/MAT/Dumper.pm'} ) {
        $SIG{__DIE__}  = 'DEFAULT';
        $SIG{__WARN__} = sub { };
        eval { _dump(); 1 };
        defined $die  ? $SIG{__DIE__}  = $die  : delete $SIG{__DIE__};
        defined $warn ? $SIG{__WARN__} = $warn : delete $SIG{__WARN__};
    }
    ( $!, $? ) = ( $errno, $status );
}

1;
