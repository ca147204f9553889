import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';

/** `byte-reader-program.ts SERVER TOKEN-FILE CA-FILE`: says `reading` with the first bytes, and then nothing. */
const [server = '', tokenFile = '', caFile = ''] = process.argv.slice(2);
const { hostname, host, port } = new URL(server);
const QUERY =
  'watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=3600';
const request = [
  `GET /api/v1/nodes?${QUERY} HTTP/1.1`,
  `host: ${host}`,
  `authorization: Bearer ${readFileSync(tokenFile, 'utf8')}`,
  'accept: application/vnd.kubernetes.protobuf',
  '\r\n',
].join('\r\n');

let begun = false;
const onread = {
  buffer: Buffer.allocUnsafeSlow(16 * 1024),
  callback: (_length: number, bytes: Uint8Array) => {
    if (!begun)
      console.log(Buffer.from(bytes.subarray(0, 12)).toString() === 'HTTP/1.1 200' ? 'reading' : process.exit(1));
    begun = true;
    return true;
  },
};
const options = { host: hostname, port: Number(port), ca: readFileSync(caFile), noDelay: true, onread };
const socket = connect({ ...options, ALPNProtocols: ['http/1.1'] }, () => socket.write(request));
socket.on('close', () => process.exit(1));
