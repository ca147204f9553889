import { basename, join } from 'node:path';
import { moduleDirs } from '../go-modules.ts';
import { knative as tool, toolDir } from '../go-tools.ts';
import type { SmallImage } from '../local/images.ts';
import { ensurePrograms } from '../local/programs.ts';
import type { Context } from '../provider.ts';
import type { Addon, ImageOf, KubeObject } from './addon.ts';
import { goManifests, withData } from './go-manifests.ts';
import { traefikImage } from './ingress.ts';
import { knativeIngress, PROXY } from './knative-ingress.ts';

export const KNATIVE_NAMESPACE = 'knative-serving';
const DEPLOYMENTS = ['activator', 'autoscaler', 'controller', 'webhook'];
const USER = '65532:65532';

/**
 * Knative Serving from its own sources and manifests, and Traefik, which routes Knative's Ingresses. As upstream has it, but for what it
 * has to know of this cluster, and for windows short enough to watch a function scale to zero. RuntimeClasses are refused, as by default.
 */
export const knative: Addon = {
  name: 'knative',
  namespace: KNATIVE_NAMESPACE,
  deployments: [...DEPLOYMENTS, PROXY],
  images: built,
  objects,
};

async function built(context: Context): Promise<readonly SmallImage[]> {
  const { progress, signal } = context;
  await ensurePrograms([tool], progress, signal);
  const dir = toolDir(tool);
  const tag = basename(dir).slice(`${tool.group}-`.length);
  const own = Object.keys(tool.programs).map((name) => ({
    name: `knative-${name}:${tag}`,
    program: join(dir, name),
    entrypoint: [`/${name}`],
    user: USER,
  }));
  return [...own, await traefikImage(context)];
}

async function objects(image: ImageOf, context: Context): Promise<readonly KubeObject[]> {
  const modules = ['knative.dev/serving', 'knative.dev/networking', 'knative.dev/caching'];
  const [serving = '', networking = '', caching = ''] = await moduleDirs(tool, modules, context);
  const core = (...paths: readonly string[]) =>
    goManifests(
      serving,
      paths.map((path) => `config/core/${path}`),
      image,
    );
  const config = [...core('configmaps'), ...goManifests(networking, ['config/config-network.yaml'], image)];
  const networkingCrds = ['certificate', 'domain-claim', 'ingress', 'serverlessservice'];
  return [
    ...core('100-namespace.yaml', '200-serviceaccount.yaml', '200-roles'),
    ...core('300-resources'),
    ...goManifests(
      networking,
      networkingCrds.map((name) => `config/${name}.yaml`),
      image,
    ),
    ...goManifests(caching, ['config/image.yaml'], image),
    ...configured(config),
    ...core(...DEPLOYMENTS.map((name) => `deployments/${name}.yaml`)),
    ...knativeIngress(KNATIVE_NAMESPACE, image('traefik')),
    // Taken away first: with nobody behind them they would keep everything else from going.
    ...core('webhooks'),
  ];
}

function configured(config: readonly KubeObject[]): readonly KubeObject[] {
  const settings = {
    'config-network': { 'ingress-class': 'traefik.ingress.networking.knative.dev' },
    'config-domain': { 'example.com': '' },
    'config-autoscaler': {
      'stable-window': '10s',
      'scale-to-zero-grace-period': '6s',
    },
  };
  return Object.entries(settings).reduce((all, [name, data]) => withData(all, name, data), config);
}
