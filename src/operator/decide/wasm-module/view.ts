import type { V1EnvVar, V1ResourceRequirements, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { GuestNetwork } from '../../../guest-network.ts';

/** What a WasmModule (wasm.serving.knative.dev/v1alpha1) asks for, read from the object and checked. */
export interface ModuleSpec {
  /** Without `oci://`. */
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly V1EnvVar[];
  readonly volumes: readonly V1Volume[];
  readonly volumeMounts: readonly V1VolumeMount[];
  readonly resources: V1ResourceRequirements;
  /** undefined: nothing was said, so everything is closed. */
  readonly network: GuestNetwork | undefined;
  readonly serving: Serving;
}

/** Of annotations, for the CRD has no fields for it. */
export interface Serving {
  readonly replicas: { readonly min: number; readonly max: number; readonly cpuPercent: number };
  readonly requestSeconds: number | undefined;
  readonly ingress:
    | { readonly host: string | undefined; readonly path: string; readonly className: string | undefined }
    | undefined;
}

export interface ModuleView {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly leaving: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations that go on to what is made of it. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the annotation. */
  readonly pullSecrets: readonly string[];
  readonly spec:
    | { readonly kind: 'valid'; readonly spec: ModuleSpec }
    | { readonly kind: 'invalid'; readonly problems: readonly string[] };
  /** The Ready condition that it has, and since when its status is what it is. */
  readonly ready: (ReadyCondition & { readonly sinceMs: number }) | undefined;
  readonly url: string | undefined;
  readonly observedGeneration: number | undefined;
}

export interface ReadyCondition {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** Of the Deployment that was made for a module. */
export interface WorkloadView {
  readonly name: string;
  readonly namespace: string;
  /** uid of the WasmModule that owns it. */
  readonly owner: string | undefined;
  /** Hash of the objects that it was made with. */
  readonly made: string | undefined;
  /** The image for which it was made with the runner; undefined: the image is its pods' own. */
  readonly runnerFor?: string | undefined;
  /** The Secrets that it was made with for the runner. */
  readonly runnerSecrets?: readonly string[];
  readonly observed: boolean;
  readonly wanted: number;
  readonly available: number;
  readonly updated: number;
  /** Old ones and new ones. */
  readonly total: number;
  /** Hash of the template that its newest pods are made from. */
  readonly template: string | undefined;
  /** Reason and message of the condition Progressing, when it says that nothing moves any more. */
  readonly stuck: { readonly reason: string; readonly message: string } | undefined;
}

/** A container of the module's that does not run, as the kubelet says why. */
export interface Trouble {
  /** Which container, and the image that it was to run. */
  readonly container?: string;
  readonly image?: string | undefined;
  readonly reason: string;
  readonly message: string;
  readonly restarts: number;
}
