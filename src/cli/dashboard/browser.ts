import { spawn } from 'node:child_process';

const STARTED_MS = 2_000;

/** The desktop's own way to open an address. false: there is none, or it failed at once. */
export async function openBrowser(
  url: string,
  platform: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<boolean> {
  const command = commandFor(url, platform, env);
  if (command === undefined) return false;
  const [file, ...args] = command;
  return await new Promise((resolve) => {
    const child = spawn(file, args, { stdio: 'ignore', detached: true });
    // One that still runs by then is the browser itself.
    const timer = setTimeout(() => resolve(true), STARTED_MS);
    const settle = (good: boolean) => {
      clearTimeout(timer);
      resolve(good);
    };
    child.on('error', () => settle(false));
    child.on('exit', (code) => settle(code === 0));
    child.unref();
  });
}

export function commandFor(
  url: string,
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): readonly [string, ...string[]] | undefined {
  switch (platform) {
    case 'darwin':
      return ['open', url];
    case 'win32':
      return ['rundll32', 'url.dll,FileProtocolHandler', url];
    default:
      // Without a display xdg-open starts a text browser on the terminal, or waits for one.
      return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open', url] : undefined;
  }
}
