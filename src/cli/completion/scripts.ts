/** Each asks the command itself, so that a shell's script is never older than what it completes. */
export const SCRIPTS = {
  bash: `# bash completion of kwasm: source <(kwasm completion bash)
_kwasm() {
  local IFS=$'\\n'
  COMPREPLY=($(kwasm __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _kwasm kwasm
`,
  zsh: `#compdef kwasm
# zsh completion of kwasm: source <(kwasm completion zsh)
_kwasm() {
  local -a candidates
  local line
  for line in "\${(@f)$(kwasm __complete --describe -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${(M)line:#*$'\\t'*}:+:\${line#*$'\\t'}}")
  done
  if (( \${#candidates} )); then _describe kwasm candidates; else _files; fi
}
compdef _kwasm kwasm
`,
  fish: `# fish completion of kwasm: kwasm completion fish | source
function __kwasm_complete
  set -l words (commandline -opc) (commandline -ct)
  kwasm __complete --describe -- $words[2..-1] 2>/dev/null
end
complete -c kwasm -f -a '(__kwasm_complete)'
`,
} as const;
