declare module 'wasi:cli/environment@0.2.10' {
  export function getEnvironment(): [name: string, value: string][];
  export function getArguments(): string[];
  export function initialCwd(): string | undefined;
}
declare module 'wasi:filesystem/preopens@0.2.10' {
  export function getDirectories(): unknown[];
}
declare module 'wasi:sockets/instance-network@0.2.10' {
  export function instanceNetwork(): unknown;
}
declare module 'wasi:sockets/tcp-create-socket@0.2.10' {
  export function createTcpSocket(family: 'ipv4'): unknown;
}
declare module 'wasi:sockets/udp-create-socket@0.2.10' {
  export function createUdpSocket(family: 'ipv4'): unknown;
}
