# Subs of all shapes. Each is registered under a name on the line of its own `sub`; see list_codes.pl.
use v5.36; no warnings;
our (@x, %h); my ($f, $y) = (sub { }, {});
my @shapes; sub shape { push @shapes, [@_] }

shape 'empty', sub { };
shape 'empty with comment', sub {
  # c
};
shape 'shift', sub {
  my $self = shift;
  1 };
shape 'nested sub first', sub {
  sub named_in { 1 }
  my $z = 1;
};
shape 'use first', sub {
  use strict;
  my $z = 1;
};
shape 'our first', sub {
  our $q;
  my $z = 1;
};
shape 'my only first', sub {
  my $q;
  my $z = 1;
};
shape 'package first', sub {
  package Foo;
  my $z = 1;
};
shape 'constant first', sub {
  1;
  my $z = 1;
};
shape 'string first', sub {
  "abc";
  my $z = 1;
};
shape 'sig', sub ($x, $y)
{

  my $z = 1;
};
shape 'sig multiline', sub (
   $x,
   $y = 3,
  ) {

  my $z = 1;
};
shape 'sig empty', sub () {

  my $z = 1;
};
shape 'return sub', sub {
  return sub {
    1
  }
};
shape 'multi-line first', sub {
  my $z
    = foo(
     1,
    2);
  1;
};
shape 'multi-line call', sub {

  foo(
     1,
     sub {
        my $x = 1;
     },
    2
    );
  1;
};
shape 'multi-line call 2', sub {

  $y->foo(
     1,
     2,
    );
};
shape 'hash list', sub {
  my %h = (
     a => 1,
     b => 2,
  );
  return;
};
shape 'if first', sub {
  if (
    $x[0]
  ) {
    1;
  }
  2;
};
shape 'if-else first', sub {
  if ($x[0]) {
    foo();
  } elsif ($y) { bar();
  } else { baz(); }
  2;
};
shape 'unless', sub {
  unless ($x[0]) {
    foo();
  }
  2;
};
shape 'while first', sub {
  while ($x[0]) {
    foo();
  }
  2;
};
shape 'foreach first', sub {
  foreach my $i (@x) {
    foo();
  }
  2;
};
shape 'cfor first', sub {
  for (my $i = 0;
    $i < 1;
    $i++) {
    foo();
  }
  2;
};
shape 'block first', sub {
  {
    foo();
  }
  2;
};
shape 'do block first', sub {
  do {
    foo();
  };
  2;
};
shape 'eval block first', sub {
  eval {
    foo();
  };
  2;
};
shape 'closure call', sub {
  $f->(
    1,
    2,
  );
  2;
};
shape 'heredoc', sub {
  my $t = <<A . <<B;
a $y
A
b
B
  2;
};
shape 'post-if', sub {
  return 1
    if $y;
  2;
};
shape 'postfix for', sub {
  foo($_)
    for @x;
  2;
};
shape 'method chain', sub {
  $y
    ->foo
    ->bar(1)
    ->baz;
  2;
};
shape 'empty statement', sub {
  ;
  ;
  foo();
  2;
};
shape 'map block', sub {
  return map {
      $_ + 1
    } @x;
};
shape 'ternary', sub {
  $y
    ? foo()
    : bar();
};
shape 'or die', sub {
  open(my $fh, "<", "x")
    or die "foo";
  1;
};
shape 'anon hash', sub {
  return {
    a => 1,
    b => sub { 1 },
  };
};
shape 'anon hash bare', sub {
  +{
    a => 1,
    b => $y,
  };
};
shape 'label', sub {
  FOO:
  foo();
};
shape 'label loop', sub {
  FOO:
  while ($y) {
    last FOO;
  }
};
shape 'my list', sub {
  my (
    $a,
    $b,
  ) = @_;
  1;
};
shape 'one line', sub { 1 };
shape 'one line after', sub
{ foo() };
shape 'comment first', sub {
  # hello

  # x
  foo();
};
shape 'pod first', sub {

=pod

x

=cut

  foo();
};
shape 'BEGIN first', sub {
  BEGIN { 1 }
  foo();
};
shape 'constant cond', sub {
  if (0) {
    foo();
  }
  bar();
};
shape 'constant true', sub {
  if (1) {
    foo();
  }
  bar();
};
shape 'state first', sub {
  state $n = 0;
  $n++;
};
shape 'multi-line string', sub {
  my $x = "a
  b
  c";
  1;
};
shape 'return list multi', sub {
  return
     1,
     $y;
};
shape 'return', sub {
  return
    foo(
      $y);
};
shape 'only nested use', sub {
  use strict;
};
shape 'assign sub', sub {
  $y = sub {
    2;
  };
  1;
};
shape 'bare and', sub {
  $y
   and $f
   and foo();
  1;
};
shape 'die unless', sub {
  die "x"
    unless $y;
  1;
};
shape 'if multi-line cond', sub {
  if ( $y
       && $f
       && $x[1] ) {
    foo();
  }
  1;
};
shape 'lex sub first', sub {
  my sub foo2 { 1 }
  foo2();
};
shape 'last expr brace', sub {
  my ($x) = @_;
};
shape 'no warnings', sub {
  no strict 'refs';
  *{"foo"} = sub { 1 };
};
shape 'given const return', sub {
  return 1;
};
shape 'shift multi', sub {
  my $x
   =
   shift;
  1;
};
shape 'local', sub {
  local
    $_ = 1;
  1;
};
shape 'wantarray', sub
  # x
  {
  return
    wantarray
    ? @x
    : \@x;
};
shape 'until post', sub {
  do { foo();
  } until
    $y;
};
shape 'try', sub {
  use feature 'try'; 
  try {
    foo();
  } catch ($e) { bar() }
};
shape 'subscript', sub {
  $y->{foo} =
    bar();
};
shape 'subscript2', sub {
  $y->{foo}
    =
    @x;
};
shape 'arr subscript', sub {
  $y->[0]
    =
    @x;
};
shape 'anon hash arg', sub {
  foo({
    a => 1,
  },
   2
  );
};
shape 'grep assign', sub {
  @$y = grep { $_ != $f }
      @x;
};
shape 'grep assign 2', sub {
  @$y = grep {
       $_ != $f
     }
     grep {
       $_ }
      @x;
};
shape 'grep sub', sub {
  @$y = map { sub { 1 } }
      @x;
  1;
};
shape 'return hash sub', sub {
  return bless {
     a => 1,
     b => sub {
        1 },
     c => 3,
  }, $y;
};
shape 'method w sub', sub {
  $y->foo( on_x => sub {
        1 },
   on_y => sub { 2 } );
  1;
};
shape 'method w sub 2', sub {
  $y->foo( on_x => sub {
        1 },
   on_y => sub { 2 },
  );
  1;
};
shape 'deref block', sub {
  push @{
     $y }, 
     1;
};
shape 'deref block2', sub {
  @{ $y } =
   foo();
};
shape 'interp', sub {
  print "a @{[ foo() ]} $h{a}",
   2;
};
shape 'eval or do', sub {
  eval {
    foo();
    1
  } or do {
    bar();
  };
};
shape 'return heredoc', sub {
  return <<A;
foo
A
};
shape 'return string', sub {
  return
   "a";
};
shape 'qw', sub {
  for my $x (qw(
    a b
   )) { 1 }
};
shape 'qw2', sub {
  return qw(
    a b
   );
};
shape 'regex', sub {
  return
   m/
   $y
   /x;
};
shape 'return one', sub {
  return
    [
      1,
      $y
    ];
};
shape 'shift->', sub {
  shift
    ->{foo};
};
shape 'shift->2', sub {
  shift->foo(
    $y);
};
shape 'defined', sub {
  defined
    $y
   or 2;
};
shape 'my hash', sub {
  my %h
    = @_;
};
shape 'my arr', sub {
  my @h
    =
    @_;
};
shape 'ampersand', sub {
  &$f
   (
    1
    );
};
shape 'class method', sub {
  Foo::Bar
   ->new(
     1);
};
shape 'backslash', sub {
  \
   $y
};
shape 'not', sub {
  !
   $y
};
shape 'bracket', sub {
  [
   @x
  ]
};
shape 'last no semi', sub {
  return
   @x
  };
shape 'while postfix', sub {
  @x
   while
   @x;
  };
shape 'if postfix sub', sub {
  @x = sub { 1 }
   if
   @x;
  };
shape 'const str const', sub {
  __PACKAGE__;
  undef;
  2;
  'x';
  foo();
  };
shape 'if sub', sub {
  if (foo(sub { 1 })) {
    2;
  }
  foo();
  };
shape 'do assign', sub {
  my $x = do {
    local $_;
    2;
  };
  foo();
  };
shape 'do assign2', sub {
  @x = 
    do
    {
    local $_;
    2;
  };
  foo();
  };
shape 'named in', sub {
  require Foo;
  1
  };
shape 'no body nl', sub
{
};
shape 'our assign', sub {
  our @ISA
    = ('x');
};
shape 'our list', sub {
  our ($x, $z);
  foo();
};
shape 'bare blk', sub {
  {
    local $_;

    foo(); }
  bar();
};
shape 'bare blk2', sub {
  { local $_;
    foo(); }
  bar();
};
shape 'sort sub', sub {
  for (sort { $a cmp $b }
    keys %h) { }
  bar();
};
shape 'x call', sub {
   my ($x)
     = @_;
   my $z;
};
shape 'anon last', sub {
   $y->foo(sub { 1 })
};
shape 'anon last2', sub {
   $y->foo(sub { 1 }
   )
  };

# Closures: what they capture tells apart those that share a line.
{
   my ($one, $two, @list, %table) = (1, 2);
   shape 'captures one', sub { $one }; shape 'captures two', sub { $two };
   shape 'captures both', sub { $one + $two }; shape 'captures none', sub { 3 };
   shape 'array element', sub { $list[0] }; shape 'hash element', sub { $table{k} };
   shape 'array', sub { push @list, 1 }; shape 'last index and hash slice', sub { $#list + @table{qw( a b )} };
   shape 'interpolated', sub { "a $one->[0] @{$two} b" };
   shape 'in a regex', sub { /x${one}y$/ };
   shape 'in a heredoc', sub { <<"END" };
text $two $table{x}
END
   shape 'nested capture', sub {
      my $own = shift;
      return sub { $own + $one };
   };
   shape 'shadowed', sub { my $one = $one; $one };
   for my $item ( 1 .. 2 ) { shape "loop variable $item", sub { $item } if $item == 1 }
   if( my $found = 1 ) { shape 'condition variable', sub { $found } }
   while( my $turn = shift @list ) { shape 'never', sub { $turn } }
   shape 'state', sub { state $calls = 0; $calls++ };
   shape 'our inside', sub { our $global; $global++ };
   shape 'recursive', my $recursive = sub { my $n = shift; $n ? __SUB__->( $n - 1 ) : $one };
}
sub named { my $self = shift; $self->{name} }
sub with_signature ( $self, $first = 1, %rest ) { return $first }
package Other::Package { sub named { my ($self) = @_; return $self } }
{ package Third; sub named { my ($class) = @_; $class } }
sub Fourth::elsewhere { my $arg = shift; return $arg }
{
   my $private = 5;
   sub sees_private { return $private }
   sub sees_private_too {
      return sub {
         return $private + $y;
      };
   }
}
sub prototyped :prototype(\@$) { my ($array, $value) = @_; push @$array, $value }
sub on_another_line
{
   my ($late) = @_;
   return $late;
}

