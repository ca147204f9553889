declare module 'wasi:cli/environment@0.2.10' {
  export function getEnvironment(): [name: string, value: string][];
  export function getArguments(): string[];
  export function initialCwd(): string | undefined;
}
declare module 'wasi:filesystem/preopens@0.2.10' {
  export function getDirectories(): unknown[];
}
