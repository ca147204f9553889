import { expect } from 'chai';
import { MODULE_BYTES_MAX } from './limits.ts';
import { detect, inspect } from './module.ts';

/** Modules by hand: a section is its id, its size, its content. */
const CORE = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const COMPONENT = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
const section = (id: number, ...entries: number[][]): number[] => {
  const content = [entries.length, ...entries.flat()];
  return [id, content.length, ...content];
};
const imports = (...entries: readonly (readonly [string, string, ...number[]])[]): number[] =>
  section(
    2,
    ...entries.map(([module, field, ...type]) => [...name(module), ...name(field), ...(type.length ? type : [0, 0])]),
  );
const exported = (...names: readonly string[]): number[] => section(7, ...names.map((entry) => [...name(entry), 0, 0]));
const memory = section(5, [0, 1]);
const bytes = (...parts: readonly number[][]): Uint8Array => Uint8Array.from(parts.flat());
const instance = (text: string): number[] => [0, ...name(text), 5, 0];

const go = exported('mem', 'run', 'resume', 'getsp');
const wasi = exported('memory', '_start');

describe('the ABI of a module', () => {
  const known = [
    { abi: 'go-js', given: bytes(CORE, imports(['gojs', 'runtime.wasmExit']), memory, go) },
    { abi: 'go-js', given: bytes(CORE, imports(['go', 'runtime.wasmExit']), memory, go) },
    { abi: 'wasip1', given: bytes(CORE, imports(['wasi_snapshot_preview1', 'fd_write']), memory, wasi) },
    { abi: 'wasip1', given: bytes(CORE, memory, wasi) },
    {
      abi: 'wasi-cli',
      given: bytes(
        COMPONENT,
        section(10, instance('wasi:io/streams@0.2.0')),
        section(11, [0, ...name('wasi:cli/run@0.2.3'), 5, 0, 0]),
      ),
    },
    {
      abi: 'wasi-http',
      given: bytes(COMPONENT, section(11, [0, ...name('wasi:http/incoming-handler@0.2.0'), 5, 0, 0])),
    },
    {
      abi: 'wasi-http', // and a main, as Rust's have it
      given: bytes(
        COMPONENT,
        section(11, [0, ...name('wasi:cli/run@0.2.3'), 5, 0, 0]),
        section(11, [0, ...name('wasi:http/incoming-handler@0.2.0'), 5, 0, 0]),
      ),
    },
  ];
  for (const { abi, given } of known) it(abi, () => expect(detect('f', given).abi).to.equal(abi));

  const refused = [
    { given: Uint8Array.from([0, 1, 2]), says: 'f: not a WebAssembly module (3 bytes)' },
    { given: Buffer.from('#!/bin/sh\nexit 0\n'), says: 'f: not a WebAssembly module (17 bytes)' },
    { given: bytes([0, 0x61, 0x73, 0x6d]), says: 'f: not a WebAssembly module (4 bytes)' },
    { given: bytes([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]), says: 'f: not a valid WebAssembly module: version 02000000' },
    {
      given: bytes(CORE, [2, 100, 1]),
      says: 'f: not a valid WebAssembly module: a part of 100 bytes at byte 10 is cut short',
    },
    {
      given: bytes(CORE, imports(['env', 'system']), memory, wasi),
      says: 'f: imports "env" "system", which is not offered',
    },
    {
      given: bytes(CORE, imports(['wasi_snapshot_preview1', 'path_exec']), memory, wasi),
      says: 'f: imports "wasi_snapshot_preview1" "path_exec"',
    },
    {
      given: bytes(CORE, imports(['gojs', 'debug'], ['wasi_snapshot_preview1', 'fd_write']), memory, go),
      says: 'f: imports "wasi_snapshot_preview1" "fd_write"',
    },
    { given: bytes(CORE, imports(['gojs', 'mem', 2, 0, 1]), go), says: 'f: imports a memory, "gojs" "mem"' },
    {
      given: bytes(CORE, imports(['wasi_snapshot_preview1', 'fd_write', 1, 0x63, 0x10, 0, 1]), wasi),
      says: 'f: imports a table',
    },
    {
      given: bytes(CORE, imports(['wasi_snapshot_preview1', 'fd_write', 3, 0x6f, 0]), wasi),
      says: 'f: imports a global',
    },
    { given: bytes(CORE, imports(['gojs', 'JSTag', 4, 0, 0]), go), says: 'f: imports a tag' },
    { given: bytes(CORE, memory, exported('memory')), says: 'f: has no entry: it does not export _start' },
    { given: bytes(CORE, wasi), says: 'f: not a valid WebAssembly module: 0 memories, where one is wanted' },
    { given: bytes(CORE, section(5, [0, 1], [0, 1]), wasi), says: 'f: not a valid WebAssembly module: 2 memories' },
    {
      given: bytes(CORE, section(5, [0, 0x80, 0x80, 0x04]), wasi),
      says: 'f: asks for 4096 MiB of memory at its start, the limit is 512 MiB',
    },
    {
      given: bytes(COMPONENT, section(11, [0, ...name('local:x/y'), 5, 0, 0])),
      says: 'f: has no entry: the component exports neither',
    },
    { given: bytes(COMPONENT, section(10, instance('evil:host/files'))), says: 'f: imports "evil:host/files"' },
  ];
  for (const { given, says } of refused) {
    it(says, () => expect(() => detect('f', given, 512 * 1024 * 1024)).to.throw(says));
  }

  it('is not looked for in a file that no function can be', () => {
    const given = Buffer.alloc(MODULE_BYTES_MAX + 1);
    expect(() => detect('f', given)).to.throw('no function is larger than 256 MiB');
  });

  it('a cut at any byte is a refusal, never a crash', () => {
    const whole = bytes(CORE, imports(['gojs', 'runtime.wasmExit'], ['gojs', 'debug']), memory, go);
    for (let length = 0; length < whole.length; length += 1)
      expect(() => detect('f', whole.subarray(0, length))).to.throw(/^f: /);
  });

  it('lists imports and exports of whatever it is', () => {
    const { form, imports: found, exports } = inspect('f', bytes(CORE, imports(['env', 'system']), memory, wasi));
    expect([form, found, exports]).to.deep.equal([
      'core',
      [{ module: 'env', name: 'system', kind: 'function' }],
      ['memory', '_start'],
    ]);
  });
});
