import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { succeeds } from '../command.ts';
import type { Context } from '../provider.ts';
import type { Addresses } from './addresses.ts';
import {
  AUDIT_POLICY,
  apiServerArgs,
  type ControlPlane,
  controllerManagerArgs,
  etcdArgs,
  PORTS,
  type Secrets,
  schedulerArgs,
} from './control-plane-flags.ts';
import { accepts, ensureDaemon, etcdReady } from './daemons.ts';
import { kubeconfig } from './kubeconfig.ts';
import { ensureAuthority, ensureCertificate, ensureSigningKey, type Pair } from './pki.ts';

/** Keys, certificates and kubeconfigs of the programs on the host. Whatever exists already is kept. */
export async function ensureSecrets(dir: string, name: string, addresses: Addresses): Promise<Secrets> {
  const pki = join(dir, 'pki');
  const [authority, frontProxyAuthority, serviceAccounts] = await Promise.all([
    ensureAuthority(pki, 'ca'),
    ensureAuthority(pki, 'front-proxy-ca'),
    ensureSigningKey(pki, 'service-accounts'),
  ]);
  const host = `IP:${addresses.bridge}`;
  const apiNames = [
    ...['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
    'localhost',
  ].map((dns) => `DNS:${dns}`);
  const masters = 'system:masters';
  const sign = (file: string, commonName: string, more: { organization?: string; names?: readonly string[] } = {}) =>
    ensureCertificate(pki, file, { commonName, ...more }, authority);
  const [etcd, apiServer, kubeletClient, admin, controllerManager, scheduler, frontProxy] = await Promise.all([
    sign('etcd', 'etcd', { names: [host] }),
    sign('api-server', 'kube-apiserver', { names: [...apiNames, host, `IP:${addresses.apiService}`] }),
    sign('kubelet-client', 'kube-apiserver-kubelet-client', { organization: masters }),
    sign('admin', 'kubernetes-admin', { organization: masters }),
    sign('controller-manager', 'system:kube-controller-manager'),
    sign('scheduler', 'system:kube-scheduler'),
    ensureCertificate(pki, 'front-proxy', { commonName: 'front-proxy-client' }, frontProxyAuthority),
  ]);
  const access = (file: string, client: Pair) => ensureKubeconfig(join(dir, file), name, addresses, authority, client);
  access('kubeconfig', admin);
  return {
    authority,
    frontProxyAuthority,
    frontProxy,
    etcd,
    apiServer,
    kubeletClient,
    serviceAccounts,
    controllerManagerConfig: access('controller-manager.kubeconfig', controllerManager),
    schedulerConfig: access('scheduler.kubeconfig', scheduler),
  };
}

function ensureKubeconfig(file: string, cluster: string, addresses: Addresses, authority: Pair, client: Pair): string {
  if (existsSync(file)) return file;
  const server = `https://${addresses.bridge}:${PORTS.api}`;
  writeFileSync(`${file}.partial`, kubeconfig({ cluster, server, authority, client }), { mode: 0o600 });
  renameSync(`${file}.partial`, file);
  return file;
}

/** etcd, API server, controller manager and scheduler; whichever is dead is started again. */
export async function ensureControlPlane(
  plane: ControlPlane,
  programs: { readonly etcd: string; readonly kubernetes: string },
  context: Context,
): Promise<void> {
  const { dir, addresses } = plane;
  mkdirSync(join(dir, 'etcd'), { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'audit-policy.yaml'), AUDIT_POLICY);
  const program = (role: string, args: readonly string[]) => ({ role, file: join(programs.kubernetes, role), args });
  const listens = (port: number) => () => accepts(addresses.bridge, port);
  const etcd = { role: 'etcd', file: join(programs.etcd, 'etcd'), args: etcdArgs(plane) };
  await ensureDaemon(dir, etcd, () => etcdReady(addresses.bridge), context);
  await ensureDaemon(
    dir,
    program('kube-apiserver', apiServerArgs(plane)),
    () => ready(dir, programs.kubernetes),
    context,
  );
  await Promise.all([
    ensureDaemon(
      dir,
      program('kube-controller-manager', controllerManagerArgs(plane)),
      listens(PORTS.controllerManager),
      context,
    ),
    ensureDaemon(dir, program('kube-scheduler', schedulerArgs(plane)), listens(PORTS.scheduler), context),
  ]);
}

function ready(dir: string, kubernetes: string): Promise<boolean> {
  const args = ['--kubeconfig', join(dir, 'kubeconfig'), '--request-timeout=2s', 'get', '--raw=/readyz'];
  return succeeds(join(kubernetes, 'kubectl'), args, { timeoutMs: 5_000 });
}
