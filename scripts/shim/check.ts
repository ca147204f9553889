import { execa } from 'execa';
import { messageOf, Terminal } from '../../src/errors.ts';
import { toolchain } from '../toolchain/toolchain.ts';
import { CRATE, WASMI_CRATE } from './crate.ts';
import { cargoBuild, PACKAGES, RUST } from './wasmi.ts';

const CRATES: Readonly<Record<string, string>> = { wasmtime: CRATE, wasmi: WASMI_CRATE };
const TEST_MS_MAX = 60 * 60_000;

/** `npm run check:shims [-- wasmtime|wasmi]`: the tests of the shims' own crates, compiled as the shims are. */
async function main(names: readonly string[]): Promise<void> {
  const wanted = names.length > 0 ? names : Object.keys(CRATES);
  for (const name of wanted) {
    const crate = CRATES[name];
    if (crate === undefined) throw new Terminal(`no shim is called ${name}: ${Object.keys(CRATES).join(' or ')}`);
    const cargo = await toolchain('cargo', { version: RUST, packages: PACKAGES, say: (line) => console.error(line) });
    const { file, args, cwd, env } = cargoBuild(cargo, crate, ['test', '--release', '--locked']);
    const options = { cwd, env, stdio: 'inherit', timeout: TEST_MS_MAX } as const;
    await execa('nice', ['-n', '10', file, ...args], options);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`check:shims: ${messageOf(error)}`);
  process.exitCode = 1;
});
