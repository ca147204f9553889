import type { Command } from 'commander';
import { collect } from './cluster-flags.ts';

/** Where a function's image goes, as `kwasm func build` and `deploy` have it. */
export interface ImageFlags {
  readonly image?: string;
  readonly registry?: string;
  readonly platform?: readonly string[];
  readonly plainHttp?: readonly string[];
}

export function withImageFlags(command: Command, image: string): Command {
  return command
    .option('--plain-http <host>', 'a registry to speak to without TLS (repeatable)', collect)
    .option('-i, --image <reference>', image)
    .option('-r, --registry <registry>', 'HOST/PATH before NAME:latest, where no image is named; also $FUNC_REGISTRY')
    .option('--platform <os/architecture...>', 'which nodes (default: linux/amd64 and linux/arm64)');
}
