import { createServer } from 'node:http';
import { answer } from './greeting.ts';

/** The same handler as people serve it in a container of Node. */
createServer(async ({ url = '/', headers, method = 'GET' }, outgoing) => {
  const given = answer(new Request(`http://${headers.host}${url}`, { method }));
  outgoing.writeHead(given.status, Object.fromEntries(given.headers)).end(await given.text());
}).listen(8080);

process.once('SIGTERM', () => process.exit(0));
