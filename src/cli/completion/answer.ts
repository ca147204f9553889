import type { V1Node } from '@kubernetes/client-node';
import type { Command } from 'commander';
import { NODE } from '../../operator/kube/shapes.ts';
import type { ClusterFlags } from '../cluster-flags.ts';
import { contextNames } from '../kube/access.ts';
import { withClient } from '../kube/client.ts';
import { type Candidate, complete } from './candidates.ts';

/** Somebody waits for it with a finger on the key. */
const CLUSTER_MS_MAX = 2_000;

/** Nothing is ever said about what goes wrong: a shell would show it in the middle of a line. */
export async function answer(program: Command, words: readonly string[]): Promise<readonly Candidate[]> {
  const completion = complete(program, words);
  switch (completion.kind) {
    case 'these':
      return completion.candidates;
    case 'none':
      return [];
    case 'contexts':
      return named(contextNames(flagsOf(words), process.env), completion.prefix);
    case 'shims': {
      const { prefix, before, there } = completion;
      const { CATALOGUE } = await import('../../shims/catalogue.ts');
      const known = there ? await soon(shimNames(flagsOf(words))).catch(() => []) : [];
      const names = [...new Set([...known, ...Object.keys(CATALOGUE)])];
      return named(names, prefix).map(({ value, about }) => ({ value: before + value, about }));
    }
    case 'nodes': {
      const names = await soon(nodeNames(flagsOf(words))).catch(() => []);
      return named(
        names.filter((name) => !completion.given.includes(name)),
        completion.prefix,
      );
    }
  }
}

function named(names: readonly string[], prefix: string): readonly Candidate[] {
  return names.filter((name) => name.startsWith(prefix)).map((value) => ({ value, about: '' }));
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
