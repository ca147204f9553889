import type { V1Node } from '@kubernetes/client-node';
import type { Command } from 'commander';
import { NODE } from '../../operator/kube/shapes.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { contextNames } from '../kube/access.ts';
import { withClient } from '../kube/client.ts';
import { type Candidate, type Completion, complete } from './candidates.ts';

/** Somebody waits for it with a finger on the key. */
const CLUSTER_MS_MAX = 2_000;

/** Nothing is ever said about what goes wrong: a shell would show it in the middle of a line. */
export async function answer(program: Command, words: readonly string[]): Promise<readonly Candidate[]> {
  const completion = complete(program, words);
  if (completion.kind === 'these') return completion.candidates;
  if (completion.kind === 'none') return [];
  const { prefix, before } = completion;
  const names = await namesFor(completion, flagsOf(words)).catch(() => []);
  return names.filter((name) => name.startsWith(prefix)).map((name) => ({ value: before + name, about: '' }));
}

type Asked = Exclude<Completion, { readonly kind: 'these' | 'none' }>;

async function namesFor(completion: Asked, flags: ClusterFlags): Promise<readonly string[]> {
  switch (completion.kind) {
    case 'contexts':
      return contextNames(flags, process.env);
    case 'shims': {
      const { CATALOGUE } = await import('../../shims/catalogue.ts');
      const known = completion.there ? await soon(shimNames(flags)).catch(() => []) : [];
      return [...new Set([...known, ...Object.keys(CATALOGUE)])];
    }
    case 'nodes':
      return (await soon(nodeNames(flags))).filter((name) => !completion.given.includes(name));
  }
}

async function nodeNames(flags: ClusterFlags): Promise<readonly string[]> {
  const nodes = await withClient(
    flags,
    async (client) => await client.list<V1Node>('list the nodes', '/api/v1/nodes', { shape: NODE }),
  );
  return nodes.map(({ metadata }) => metadata?.name ?? '');
}

async function shimNames(flags: ClusterFlags): Promise<readonly string[]> {
  const { shimObjects } = await import('../shim/list.ts');
  return (await withClient(flags, shimObjects)).map(({ metadata }) => metadata.name);
}

async function soon<T>(asked: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(reject, CLUSTER_MS_MAX, new Error('too slow')).unref();
  });
  return await Promise.race([asked, late]);
}

/** The cluster that the line so far speaks of. */
function flagsOf(words: readonly string[]): ClusterFlags {
  const value = (flag: string) => {
    const at = words.indexOf(flag);
    const inline = words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
    return inline ?? (at === -1 ? undefined : words[at + 1]);
  };
  const [context, kubeconfig] = [value('--context'), value('--kubeconfig')];
  return { ...(context ? { context } : {}), ...(kubeconfig ? { kubeconfig } : {}) };
}
