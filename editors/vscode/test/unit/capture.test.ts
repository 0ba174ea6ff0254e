import assert from "node:assert/strict";
import { test } from "node:test";
import { captureCommand, dumpOf, MOMENTS, type Moment } from "../../src/capture";

const AT_END = MOMENTS[0] as Moment;

test("the command line asks Devel::MAT::Dumper for a dump at the end", () => {
    assert.equal(
        captureCommand("app.pl", "app.pmat", AT_END, []),
        "perl -MDevel::MAT::Dumper=-dump_at_END,-file,app.pmat app.pl",
    );
});

test("perl is told where the modules of the program are", () => {
    assert.equal(
        captureCommand("app.pl", "app.pmat", AT_END, ["lib", "local/lib/perl5"]),
        "perl -MDevel::MAT::Dumper=-dump_at_END,-file,app.pmat -Ilib -Ilocal/lib/perl5 app.pl",
    );
});

test("odd paths are quoted for a shell", () => {
    assert.equal(
        captureCommand("/my progs/it's.pl", "/my progs/it's.pmat", AT_END, []),
        "perl '-MDevel::MAT::Dumper=-dump_at_END,-file,/my progs/it'\\''s.pmat' '/my progs/it'\\''s.pl'",
    );
});

test("the dump lies beside its program", () => {
    assert.equal(dumpOf("/srv/app.psgi"), "/srv/app.pmat");
    assert.equal(dumpOf("/srv/worker"), "/srv/worker.pmat");
});
