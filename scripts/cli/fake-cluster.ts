import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { NODE_CONDITION, TRIGGER } from '../../src/contract.ts';
import { type Answer, type Call, FakeServer, json, lines, status } from '../../src/operator/kube/fake-server.ts';
import { root } from '../testing/mocha.ts';
import { bundleCommand } from './bundle.ts';

/** How the command ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command under way: what a person at the terminal can do meanwhile. */
export interface Started {
  /** Nobody reads what it prints any more. */
  closeOutput(): void;
  /** Nor what it says beside that. */
  closeMessages(): void;
  kill(signal: NodeJS.Signals): void;
}

const OPERATOR = {
  metadata: { namespace: 'kwasm', name: 'kwasm-operator', labels: { 'app.kubernetes.io/version': '1' } },
  spec: { replicas: 1, template: { spec: { containers: [{ image: 'registry.example/kwasm-operator:1' }] } } },
  status: { readyReplicas: 1 },
};
const DEADLINE_MS = 50_000;

/** The command as it is published: from source each call would take seconds on a busy machine. */
export class CommandFile {
  readonly #directory = mkdtempSync(join(tmpdir(), 'kwasm-file-'));
  readonly path = join(this.#directory, 'kwasm.mjs');

  async build(): Promise<void> {
    await bundleCommand(root, '0.0.0-test', this.path);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }
}

/**
 * The command itself, as a process of its own, beside an API server that knows some nodes and forbids what the test says:
 * for faults that no real cluster has on demand.
 */
export class FakeCluster {
  readonly nodes = new Map<string, V1Node>();
  /** What it answers beside what it knows of nodes. */
  answers: (call: Call) => Answer | undefined = () => undefined;
  /** Of a request: it is answered with 403. */
  forbids: (call: Call) => boolean = () => false;
  /** Of the kubeconfig; a plugin of it is a script of this text. */
  user: { readonly token: string } | { readonly plugin: string } = { token: 'x' };
  hasOperator = false;
  /** Watches are taken, and nothing comes. */
  silent = false;
  /** Before the answer of a write. */
  beforeWrite: (call: Call) => Promise<void> = async () => {};
  readonly #server = new FakeServer();
  readonly #command: string;
  readonly directory = mkdtempSync(join(tmpdir(), 'kwasm-command-'));

  get calls(): readonly Call[] {
    return this.#server.calls;
  }

  constructor(command: CommandFile) {
    this.#command = command.path;
  }

  async open(): Promise<void> {
    const { server } = await this.#server.listen();
    this.#server.otherwise = async (response, call) => await (await this.#answer(call))(response, call);
    const { user } = this;
    if ('plugin' in user) writeFileSync(join(this.directory, 'plugin'), `#!/bin/sh\n${user.plugin}\n`, { mode: 0o755 });
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', interactiveMode: 'IfAvailable' };
    const config = {
      'current-context': 'fake',
      contexts: [{ name: 'fake', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: server.origin } }],
      users: [{ name: 'u', user: 'plugin' in user ? { exec } : user }],
    };
    writeFileSync(join(this.directory, 'config'), JSON.stringify(config));
  }

  async close(): Promise<void> {
    await this.#server.close();
    rmSync(this.directory, { recursive: true });
  }

  /** A node that is asked for, and whose install has failed. */
  addFailed(name: string): void {
    const metadata = { name, uid: name, resourceVersion: '1', annotations: { [TRIGGER]: 'true' } };
    const lastTransitionTime = new Date(0);
    const condition = {
      type: NODE_CONDITION,
      status: 'False',
      reason: 'InstallFailed',
      message: 'm',
      lastTransitionTime,
    };
    this.nodes.set(name, { apiVersion: 'v1', kind: 'Node', metadata, status: { conditions: [condition] } });
  }

  triggerOf(name: string): string | undefined {
    return this.nodes.get(name)?.metadata?.annotations?.[TRIGGER];
  }

  /** `meanwhile` is called with each piece of what it prints. */
  async kwasm(args: readonly string[], meanwhile: (text: string, started: Started) => void = () => {}): Promise<Ended> {
    const env = { ...process.env, KUBECONFIG: join(this.directory, 'config'), NO_COLOR: '1' };
    const child = spawn(process.execPath, [this.#command, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    let [out, err] = ['', ''];
    const started: Started = {
      closeOutput: () => child.stdout.destroy(),
      closeMessages: () => child.stderr.destroy(),
      kill: (signal) => void child.kill(signal),
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      meanwhile(text, started);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      meanwhile(text, started);
    });
    return await new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  }

  async #answer(call: Call): Promise<Answer> {
    const { method, url } = call;
    const own = this.answers(call);
    if (own !== undefined) return own;
    if (this.forbids(call)) return status(403, `${url.pathname} is forbidden: you may not`, {}, 'Forbidden');
    const [, name] = /^\/api\/v1\/nodes(?:\/([^/]+))?$/.exec(url.pathname) ?? [undefined, undefined];
    if (method === 'PATCH' && name !== undefined) {
      await this.beforeWrite(call);
      return json(this.#patched(name, JSON.parse(call.body) as V1Node));
    }
    if (url.pathname === '/api/v1/nodes') return url.searchParams.has('watch') ? this.#watched() : this.#listed();
    if (url.pathname.endsWith('/deployments')) return json({ metadata: {}, items: this.hasOperator ? [OPERATOR] : [] });
    if (this.hasOperator && url.pathname === '/api/v1/namespaces/kwasm/configmaps/kwasm-operator')
      return json({ data: { 'config.yaml': 'installer: { image: registry.example/kwasm-node-installer:1 }' } });
    if (/\/(runtimeclasses|pods)$/.test(url.pathname)) return json({ metadata: {}, items: [] });
    return status(404, `${url.pathname} not found`, {}, 'NotFound');
  }

  #listed(): Answer {
    return json({ kind: 'NodeList', metadata: { resourceVersion: '1' }, items: [...this.nodes.values()] });
  }

  /** What there is, whole, and nothing after it. */
  #watched(): Answer {
    if (this.silent) return lines([]);
    const end = { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } };
    return lines([
      ...[...this.nodes.values()].map((object) => ({ type: 'ADDED', object })),
      { type: 'BOOKMARK', object: { kind: 'Node', metadata: end } },
    ]);
  }

  #patched(name: string, patch: V1Node): V1Node {
    const node = this.nodes.get(name) ?? { metadata: { name } };
    const annotations = Object.entries({ ...node.metadata?.annotations, ...patch.metadata?.annotations });
    const kept = Object.fromEntries(annotations.filter(([, value]) => (value as unknown) !== null));
    const changed = { ...node, metadata: { ...node.metadata, annotations: kept } };
    this.nodes.set(name, changed);
    return changed;
  }
}
