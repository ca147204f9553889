import { expect } from 'chai';
import { wat } from '../../scripts/testing/wat.ts';
import { failureText } from './failure.ts';
import { openRunner } from './runner.ts';

/** Modules that no compiler writes: what a guest can do to the functions it imports, and to the one that runs it. */
const command = (body: string, more = ''): string => `(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\05\\00\\00\\00")
  (data (i32.const 16) "hello")
  ${more}
  (func (export "_start") ${body}))`;

const print = '(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))';
const catchAll = (body: string): string => `(block $caught (try_table (catch_all $caught) ${body}))`;

const cases: readonly { readonly name: string; readonly text: string; readonly says: string | RegExp }[] = [
  { name: 'prints', text: command(print), says: 'ok: hello' },
  {
    name: 'catches its own exit and goes on',
    text: command(`${catchAll('(call $exit (i32.const 7))')} ${catchAll(print)}`),
    says: 'nonZeroExit: exited with code 7',
  },
  {
    name: 'catches its own exit 0: what it prints after that is not there',
    text: command(`${catchAll('(call $exit (i32.const 0))')} ${catchAll(print)}`),
    says: 'ok: ',
  },
  {
    name: 'catches the refusal of more output and returns as if nothing were',
    text: command(
      `(i32.store (i32.const 4) (i32.const 65520))
       (loop $again ${catchAll(`${print} (br $again)`)})`,
    ),
    says: 'outputTooLarge: output too large: the limit is 1 MiB',
  },
  {
    name: 'a vector that lies outside its memory',
    text: command(`(i32.store (i32.const 4) (i32.const -1)) ${print}`),
    says: /^trap: trapped: /,
  },
  {
    name: 'a pointer at the end of 32 bits',
    text: command('(drop (call $write (i32.const 1) (i32.const -4) (i32.const 1) (i32.const -4)))'),
    says: /^trap: trapped: /,
  },
  {
    name: 'random bytes over all of its memory and beyond',
    text: command('(drop (call $random (i32.const 0) (i32.const -1)))'),
    says: /^trap: trapped: /,
  },
  { name: 'unreachable', text: command('unreachable'), says: 'trap: trapped: unreachable' },
  {
    name: 'a division by zero',
    text: command('(drop (i32.div_u (i32.const 1) (i32.const 0)))'),
    says: /^trap: trapped: divide by zero/,
  },
  {
    name: 'recursion without end',
    text: command('(call $f)', '(func $f (call $f))'),
    says: 'trap: trapped: Maximum call stack size exceeded',
  },
  {
    name: 'a start function that never ends',
    text: command('', '(func $forever (loop $l (br $l))) (start $forever)'),
    says: /^timedOut: /,
  },
  {
    name: 'a start function that calls before there is a memory to speak of',
    text: command('', `(func $early ${print}) (start $early)`),
    says: 'trap: trapped: called before its memory was there',
  },
  {
    name: 'a sleep of centuries',
    text: command(
      '(i64.store (i32.const 64) (i64.const 0)) (i64.store (i32.const 88) (i64.const -1)) (drop (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512)))',
    ),
    says: /^timedOut: /,
  },
  {
    name: 'memory that is asked for again and again',
    text: command('(loop $l (br_if $l (i32.ne (memory.grow (i32.const 512)) (i32.const -1)))) unreachable'),
    says: 'outOfMemory: out of memory: the limit is 64 MiB (--memory)',
  },
  {
    name: 'tables in place of memory',
    text: command(
      '(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 900000)) (i32.const -1)))) (call $exit (i32.const 9))',
      '(table $t 1 funcref)',
    ),
    says: 'nonZeroExit: exited with code 9',
  },
  {
    name: 'objects of the garbage collector without end',
    text: command(
      '(local $last (ref null $n)) (loop $l (local.set $last (struct.new $n (local.get $last) (array.new_default $a (i32.const 100000)))) (br $l))',
      '(type $a (array (mut i64))) (type $n (struct (field (ref null $n)) (field (ref null $a))))',
    ),
    says: 'outOfMemory: out of memory: the limit is 64 MiB (--memory)',
  },
  {
    name: 'a function where a number is wanted',
    text: `(module (import "wasi_snapshot_preview1" "fd_close" (func $close (param funcref) (result i32)))
      (memory (export "memory") 1) (func $f) (elem declare func $f)
      (func (export "_start") (drop (call $close (ref.func $f)))))`,
    says: 'ok: ',
  },
  {
    name: 'an object where a number is wanted',
    text: `(module (type $s (struct)) (import "wasi_snapshot_preview1" "fd_close" (func $close (param externref) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start") (drop (call $close (extern.convert_any (struct.new $s))))))`,
    says: /^trap: trapped: /,
  },
  {
    name: 'a memory that is none',
    text: '(module (memory 1) (func (export "_start")) (global (export "memory") i32 (i32.const 1)))',
    says: 'trap: trapped: its export "memory" is no memory',
  },
  {
    name: 'a start that is none',
    text: '(module (memory (export "memory") 1) (global (export "_start") i32 (i32.const 1)))',
    says: 'trap: trapped: its export "_start" is no function',
  },
  {
    name: 'Go: exports that are none',
    text: '(module (import "gojs" "debug" (func (param i32))) (memory (export "mem") 1) (global (export "run") i32 (i32.const 1)) (global (export "resume") i32 (i32.const 1)) (global (export "getsp") i32 (i32.const 1)))',
    says: 'trap: trapped: its export "run" is no function',
  },
  ...[
    ['stringVal', 'a string beyond its memory'],
    ['valueCall', 'arguments beyond its memory'],
    ['copyBytesToGo', 'a copy to beyond its memory'],
    ['valueGet', 'a name beyond its memory'],
  ].map(([name, what]) => ({
    name: `Go: ${what}`,
    text: `(module (import "gojs" "syscall/js.${name}" (func $f (param i32))) (memory (export "mem") 1)
      (func (export "run") (param i32 i32) (i64.store (i32.const 1032) (i64.const -1)) (i64.store (i32.const 1048) (i64.const 4000000000)) (call $f (i32.const 1000)))
      (func (export "resume")) (func (export "getsp") (result i32) (i32.const 0))
      (data (i32.const 1008) "\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\7f\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\7f\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\7f"))`,
    says: /^(trap: trapped|outputTooLarge): /,
  })),
  {
    name: 'Go: an event for which it has no handler',
    text: '(module (import "go" "debug" (func (param i32))) (memory (export "mem") 1) (func (export "run") (param i32 i32)) (func (export "resume")) (func (export "getsp") (result i32) (i32.const 0)))',
    says: 'noRegistration: did not register processResourceList',
  },
];

describe('a hostile module', function () {
  this.timeout(60_000);
  for (const { name, text, says } of cases) {
    it(name, async () => {
      const limits = { timeoutMs: 3000, memoryBytes: 64 * 1024 * 1024, outputBytes: 1024 * 1024 };
      const runner = await openRunner([{ name: 'hostile', bytes: await wat(text) }], limits);
      try {
        const result = await runner.run(0, 'kind: ResourceList\n');
        const said =
          result.kind === 'ok' ? `ok: ${result.output}` : `${result.failure.kind}: ${failureText(result.failure)}`;
        if (typeof says === 'string') expect(said).to.equal(says);
        else expect(said).to.match(says);
      } finally {
        await runner.close();
      }
    });
  }

  it('code that V8 does not take is refused with the place', async () => {
    const bytes = await wat('(module (memory (export "memory") 1) (func (export "_start") nop nop nop))');
    bytes[bytes.lastIndexOf(0x01)] = 0xff; // an opcode that is none
    await openRunner([{ name: 'broken.wasm', bytes }]).then(
      (runner) => runner.close().then(() => expect.fail('it was taken')),
      (error: Error) =>
        expect(error.message).to.match(
          /^broken\.wasm: not a valid WebAssembly module: .*offset \d+|^broken\.wasm: not a valid/,
        ),
    );
  });
});
