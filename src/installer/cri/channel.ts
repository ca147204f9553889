import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { Retryable } from '../../errors.ts';

/** A node with many pods lists more than gRPC's default of 4 MiB. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

const options = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  // A proxy of the pod's environment must not come between us and a unix socket.
  'grpc.enable_http_proxy': 0,
  // The name in the :authority header: a socket path would be rejected by Go's server.
  'grpc.default_authority': 'localhost',
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1000,
};

type Call = (
  request: object,
  metadata: Metadata,
  options: { readonly deadline: number },
  done: (error: ServiceError | null, response: unknown) => void,
) => void;

/** A service of a daemon behind a unix socket, its messages in protobufjs' JSON form. */
export function openChannel(socketPath: string, descriptor: Parameters<typeof fromJSON>[0], name: string): Client {
  const service = fromJSON(descriptor, { longs: Number, defaults: true })[name];
  const { Service } = loadPackageDefinition(service === undefined ? {} : { Service: service });
  if (typeof Service !== 'function') throw new TypeError(`no service ${name} in the descriptor`);
  return new Service(`unix://${socketPath}`, credentials.createInsecure(), options);
}

export function unary(
  client: Client,
  name: string,
  method: string,
  request: object,
  deadline: number,
  metadata = new Metadata(),
): Promise<unknown> {
  const call = (client as unknown as Record<string, Call | undefined>)[method];
  if (call === undefined) throw new TypeError(`no method ${method}`);
  return new Promise((resolve, reject) => {
    call.call(client, request, metadata, { deadline }, (error, response) => {
      if (error === null) resolve(response);
      else reject(new Retryable(`${name}: ${error.details || error.message}`, { cause: error }));
    });
  });
}
