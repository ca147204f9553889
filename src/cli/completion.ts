import { Argument, type Command } from 'commander';

/** Groups: `kwasm completion`, and what the shells' scripts call. */
export function register(program: Command): void {
  program
    .command('completion')
    .summary('completion for bash, zsh or fish')
    .description(
      'Prints a script that makes a shell complete commands, flags, their values, contexts and the names of nodes.',
    )
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nbash: source <(kwasm completion bash)\nzsh:  source <(kwasm completion zsh)\nfish: kwasm completion fish | source',
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { SCRIPTS } = await import('./completion/scripts.ts');
      process.stdout.write(SCRIPTS[shell]);
    });
  program
    .command('__complete', { hidden: true })
    .description(
      'What the script of `kwasm completion` calls: the words so far, the last one unfinished; of bash, the line.',
    )
    .argument('[words...]')
    .option('--describe', 'with a tab and a description after each')
    .option('--bash <breaks>', 'as bash wants it, with its $COMP_WORDBREAKS')
    .action(
      async (words: readonly string[], { describe, bash }: { readonly describe?: true; readonly bash?: string }) => {
        const { answer } = await import('./completion/answer.ts');
        if (bash !== undefined) {
          const { bashLine, bashReply } = await import('./completion/bash-line.ts');
          const line = bashLine(words[0] ?? '', bash);
          for (const { value } of await answer(program, line.words))
            process.stdout.write(`${bashReply(line, value)}\n`);
          return;
        }
        const found = await answer(program, words);
        for (const { value, about } of found)
          process.stdout.write(`${value}${describe === true && about !== '' ? `\t${about}` : ''}\n`);
      },
    );
}
