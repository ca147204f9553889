import { rustWasi } from './toolchain/rust-wasi.ts';

/** `npm run rust-wasi`: a Rust for the tests that build functions in Rust, see docs/development.md. */
console.log(await rustWasi({ say: (line) => console.error(line) }));
