import { withBlock, withoutBlock } from './block.ts';
import { asState, refused } from './change.ts';
import { cleanedText, foreignHandler } from './declared.ts';
import { knowsBaseTemplate } from './distribution.ts';
import { checked, type Edit, parsedValue, stateOf } from './edit.ts';
import type { AbsentFile, ConfigFile, ConfigSource, ContainerdFacts } from './facts.ts';
import type { Handler } from './handlers.ts';
import { blockLines } from './in-root.ts';
import { createdTemplate, declaresFound, guarded, parseTemplate, templateInForce } from './template.ts';
import { parseDocument } from './toml.ts';

/**
 * A marked block in the template that the distribution renders at each start; never a copy of what it renders, which
 * would keep the defaults of this day for ever (k3s#7999). What will be rendered is what is rendered now, and the block.
 */
export function editTemplate(
  runtime: ContainerdFacts,
  source: ConfigSource & { readonly kind: 'template' },
  handlers: readonly Handler[],
  major: number,
): Edit {
  const { config, distribution } = runtime;
  if (config.root.kind === 'absent')
    return refused('GeneratedConfig', `${distribution.name} has not rendered ${config.root.path}; restart it first`);
  const template = templateInForce(source.files, major, parsedValue(config.root)[0]);
  if (template === undefined) return refused('GeneratedConfig', `${distribution.name} has no template that it reads`);
  const foreign = foreignHandler(runtime, handlers);
  if (foreign !== undefined) return foreign;
  const before = templateText(runtime, source, template, handlers);
  if (before.kind === 'refused') return before;
  const root = cleanedText(config.root.path, config.root.text, handlers, parseDocument);
  if (root.kind === 'refused') return root;
  const rendered = blockLines(runtime, root.text, handlers, major);
  const wrap = source.language === 'go' && declaresFound(withoutBlock(before.text)) ? guarded : undefined;
  const written = blockLines(runtime, root.text, handlers, major, wrap);
  if (rendered.kind === 'refused') return rendered;
  if (written.kind === 'refused') return written;
  const file = {
    path: template.path,
    before: stateOf(template),
    after: asState(withBlock(before.text, written.lines)),
    renders: { kind: 'file' as const, path: config.root.path, text: withBlock(root.text, rendered.lines) },
  };
  return checked(config, [file], [...handlers.map(({ name }) => name), ...rendered.builtin]);
}

function templateText(
  { distribution }: ContainerdFacts,
  { language }: ConfigSource & { readonly kind: 'template' },
  template: ConfigFile | AbsentFile,
  handlers: readonly Handler[],
): ReturnType<typeof cleanedText> {
  if (template.kind === 'file')
    return cleanedText(template.path, template.text, handlers, language === 'go' ? parseTemplate : parseDocument);
  if (language === 'sed')
    return refused('GeneratedConfig', `${template.path} is missing, from which ${distribution.name} renders its own`);
  if (knowsBaseTemplate(distribution.release) === true) return { kind: 'cleaned', text: createdTemplate() };
  const release = distribution.release === '' ? 'of an unknown release' : distribution.release;
  return refused(
    'GeneratedConfig',
    `${distribution.name} ${release} cannot extend its own template; that came with 1.24.17, 1.25.13, 1.26.8, 1.27.5 and 1.28.1. Upgrade it`,
  );
}
