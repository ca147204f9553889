import { messageOf } from '../errors.ts';
import { type Arch, type Order, parseOrders, type Source } from '../shims/order.ts';
import { Refusal } from './refusal.ts';

/** An order with the source that is for this host. */
export interface HostOrder {
  readonly order: Order;
  readonly source: Source;
}

export interface HostOrders {
  readonly orders: readonly HostOrder[];
  /** Names of those that have nothing for this host's architecture. */
  readonly skipped: readonly string[];
}

/** undefined: nothing is ordered, so what the image bundles is installed. */
export function readOrders(text: string | undefined, arch: string): HostOrders | undefined {
  if (text === undefined || text === '') return undefined;
  const all = parsed(text);
  const orders = all.flatMap((order) => {
    const platform = order.platforms.find((one) => one.arch === (arch as Arch));
    return platform === undefined ? [] : [{ order, source: platform.source }];
  });
  if (orders.length === 0) {
    const names = all.map(({ name, platforms }) => `${name} (only ${platforms.map((one) => one.arch).join(', ')})`);
    throw new Refusal('NoShimForArch', `no ordered shim has a source for ${arch}: ${names.join(', ')}`);
  }
  const taken = orders.map(({ order }) => order);
  return { orders, skipped: all.filter((order) => !taken.includes(order)).map(({ name }) => name) };
}

function parsed(text: string): readonly Order[] {
  try {
    const orders = parseOrders(text);
    for (const { name, options } of orders) {
      if (!['boolean', 'undefined'].includes(typeof options['SystemdCgroup']))
        throw new TypeError(`shim "${name}": the option SystemdCgroup is true or false`);
    }
    return orders;
  } catch (cause) {
    throw new Refusal(
      'OrderUnreadable',
      `${messageOf(cause)}. Is the installer image older than the operator's? Use the images of one release`,
      { cause },
    );
  }
}
