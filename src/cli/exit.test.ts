import { expect } from 'chai';
import { incompatible, noImage, notImplemented, notReady, toolchainMissing } from '../func/func-error.ts';
import { CliError, EXIT, exitCodeOf } from './exit.ts';

describe('exitCodeOf', () => {
  for (const [error, code] of [
    [new CliError('no', { exitCode: EXIT.timeout }), EXIT.timeout],
    [new CliError('no'), EXIT.failed],
    [new Error('a bug'), EXIT.failed],
    [noImage(), EXIT.usage],
    [incompatible('builder', 'pack', 'ts-wasi', ['wasm']), EXIT.usage],
    [notImplemented('c-wasi'), EXIT.usage],
    [toolchainMissing('cargo'), EXIT.failed],
    [notReady('InvalidSpec', 'so and so'), EXIT.unfit],
  ] as const)
    it(`${error.message}: ${code}`, () => {
      expect(exitCodeOf(error)).to.equal(code);
    });
});
