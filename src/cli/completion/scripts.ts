/** Each asks the command itself, so that a shell's script is never older than what it completes. */
export const SCRIPTS = {
  bash: `# bash completion of kwasm: source <(kwasm completion bash)
# bash takes words apart at = and :, which --output=json and names of contexts have in them, and leaves quotes where they
# stand; the command is told the line as it is, and says what stands behind them.
_kwasm() {
  local found
  COMPREPLY=()
  while IFS= read -r found; do COMPREPLY+=("$found"); done \\
    < <(kwasm __complete --bash="$COMP_WORDBREAKS" -- "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -o default -F _kwasm kwasm
`,
  zsh: `#compdef kwasm
# zsh completion of kwasm: source <(kwasm completion zsh)
_kwasm() {
  local -a candidates
  local line
  for line in "\${(@f)$(kwasm __complete --describe -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${(M)line:#*$'\\t'*}:+:\${line#*$'\\t'}}")
  done
  if (( \${#candidates} )); then _describe kwasm candidates; else _files; fi
}
# As a file _kwasm of fpath it is the function itself, once zsh has loaded it.
if [[ $funcstack[1] == _kwasm ]]; then
  _kwasm
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _kwasm kwasm
fi
`,
  fish: `# fish completion of kwasm: kwasm completion fish | source
function __kwasm_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (kwasm __complete --describe -- $words[2..-1] 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c kwasm -f -a '(__kwasm_complete)'
`,
} as const;
