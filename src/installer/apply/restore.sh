#!/bin/sh
# Puts containerd's configuration on this host back as it was before an unfinished change by kwasm, and restarts the
# daemon if it had read the change. Started by a timer on the host, at boot, by the installer itself, or by hand:
#
#   /bin/sh /var/lib/kwasm/bin/restore.sh /var/lib/kwasm/txn/ID WHO
#
# It needs no network, no container and no API: it repairs a containerd that may not start any more. It runs again after
# an interruption without harm. Besides sh it uses cat, cp, kill, ln, mv, rm, rmdir, sed, sleep, sync, systemctl, and
# flock where there is one.
# Exit codes: 0 restored, or there was nothing to do; 1 containerd did not come back.
set -u
umask 077
txn=$1
who=$2
proc=${KWASM_RESTORE_PROC:-/proc} # tests have one of their own

say() { printf 'kwasm restore %s: %s\n' "$who" "$1"; }

# These alone, with their names where they are directories: to flush everything would be to wait for every disk of the host,
# a file server that is gone among them. A `sync` that takes no names flushes everything all the same.
flush() {
  for flushed; do
    [ -e "$flushed" ] || continue
    sync "$flushed" 2>/dev/null || sync
  done
  return 0
}

# The words were written when the change was prepared: on a disk that has filled up there would be no room for them.
finish() {
  if [ "$1" != "rolledBack $who" ] || ! ln "outcome.$who" outcome 2>/dev/null; then
    printf '%s\n' "$1" >"outcome.$$" && flush "outcome.$$" && mv -f "outcome.$$" outcome
  fi
  flush .
  end
  say "$1"
}

end() {
  rm -f "../../pending/${txn##*/}"
  flush ../../pending
}

# Equal in every byte. The mark keeps the line breaks at the end, which $() would drop.
same() { [ -f "$1" ] && [ -f "$2" ] && [ "$(cat "$1" && echo x)" = "$(cat "$2" && echo x)" ]; }

is_before() {
  if [ "$2" = absent ]; then [ ! -e "$3" ]; else same "$3" "$txn/before/$1"; fi
}

is_after() {
  case $2 in
    any) true ;;
    absent) [ ! -e "$3" ] ;;
    *) same "$3" "$txn/after/$1" ;;
  esac
}

# Beside the file, or where no one watches.
staging() { if [ -f staging ]; then cat staging; else printf '%s' "${1%/*}"; fi; }

# The copy made beside the file when the change was prepared: a rename needs no space on a full disk.
put_back() {
  n=$1 path=$3
  wrote=yes
  if [ "$2" = absent ]; then
    rm -f "$path" && flush "${path%/*}"
    return
  fi
  staged=$(staging "$path")/.kwasm-${txn##*/}-$n.before
  if ! same "$staged" "$txn/before/$n"; then
    rm -f "$staged"
    cp -a "$txn/before/$n" "$staged" 2>/dev/null || cp -p "$txn/before/$n" "$staged" || return 1
    flush "$staged"
  fi
  mv -f "$staged" "$path" && flush "${path%/*}" "${staged%/*}"
}

# Our block with the blank line before it, our import line, our entry in somebody's list: every byte that plan/ had added.
without_ours() {
  cr=$(printf '\r')
  sed -e '
    /^imports = .* # added by kwasm, removed on uninstall'"$cr"'*$/d
    s|, "/etc/containerd/kwasm\.d/\*\.toml"||
    s|"/etc/containerd/kwasm\.d/\*\.toml"||
    /^'"$cr"'*$/{
      $!{
        N
        /\n# BEGIN kwasm/!{
          P
          D
        }
        s/^[^\n]*\n//
      }
    }
    /^# BEGIN kwasm/,/^# END kwasm/d
  ' "$1"
}

# Somebody else has changed the file since: only what is marked as ours may go.
take_out_ours() {
  path=$1
  [ -f "$path" ] || return 0
  case $(cat "$path") in
    '# Written by kwasm'*)
      wrote=yes
      rm -f "$path"
      flush "${path%/*}"
      ;;
    *'# BEGIN kwasm'* | *'# added by kwasm'* | *'"/etc/containerd/kwasm.d/*.toml"'*)
      wrote=yes
      rest=$(staging "$path")/.kwasm-${txn##*/}.rest
      { cp -a "$path" "$rest" 2>/dev/null || cp -p "$path" "$rest"; } &&
        without_ours "$path" >"$rest" && flush "$rest" && mv -f "$rest" "$path"
      rm -f "$rest"
      flush "${path%/*}"
      ;;
  esac
  say "$path was changed by somebody else meanwhile; only our part was taken out"
}

# When process $1 began, in clock ticks: the 22nd field, the 20th behind the name. A number that was used again differs.
start_ticks() {
  line=$(cat "/proc/$1/stat" 2>/dev/null)
  set -- ${line##*) }
  printf '%s' "${20:-}"
}

# The pod's control group that process $1 is in; nothing for a process of no pod.
group() {
  while read -r entry; do
    case $entry in
      */pod* | *-pod*) printf '%s' "${entry##*:}" && return ;;
    esac
  done 2>/dev/null <"$proc/$1/cgroup"
}

# Ends what runs in pod $1, but for whoever watches it: us, and the guard, which has left its group's name in `spared`.
# One pass may miss a process that is just being made; ten find none any more.
end_pod() {
  escaped=$(printf '%s' "$1" | sed 's/-/_/g')
  spared=$(cat spared 2>/dev/null)
  own=$(group self)
  pass=0
  while [ "$pass" -lt 10 ]; do
    pass=$((pass + 1))
    ended=
    for process in "$proc"/[0-9]*; do
      in=$(group "${process##*/}")
      case $in in *"pod$1"* | *"pod$escaped"*) ;; *) continue ;; esac
      if [ "$in" = "$spared" ] || [ "$in" = "$own" ]; then continue; fi
      kill -9 "${process##*/}" 2>/dev/null && ended=yes
    done
    [ -n "$ended" ] || return 0
    sleep 0.1
  done
}

property() {
  line=$(systemctl show -p "$1" "$unit" 2>/dev/null)
  printf '%s' "${line#"$1"=}"
}

# Which start of the daemon this is: another word after each. Of a parent that restarts it by itself (k0s) the unit shows
# nothing, so there it is the child: its number, and when it began. Nothing while there is none.
start() {
  if [ "$reload" != watched ]; then
    counted=$(property InvocationID)
    [ -n "$counted" ] || counted=$(property ExecMainStartTimestampMonotonic) # before 232
    [ "$counted" = 0 ] || printf '%s' "$counted"
    return
  fi
  parent=$(property MainPID)
  for stat in "$proc"/[0-9]*/stat; do
    read -r line <"$stat" || continue
    case $line in *' (containerd) '*) ;; *) continue ;; esac
    set -- ${line##*) }
    [ "$2" = "$parent" ] || continue
    process=${stat%/stat}
    printf '%s %s' "${process##*/}" "${20}"
    return
  done 2>/dev/null
}

give_up() {
  finish "broken $who: $unit is $(systemctl is-active "$unit") $wait_seconds s after its restart"
  exit 1
}

restart_unit() {
  say "restarting $unit"
  systemctl reset-failed "$unit"
  systemctl --no-block restart "$unit"
  waited=0
  until [ "$(systemctl is-active "$unit")" = active ] && [ -n "$(start)" ] && [ "$(start)" != "$now" ]; do
    waited=$((waited + 1))
    [ "$waited" -gt "$wait_seconds" ] && give_up
    sleep 1
  done
}

# Its parent has seen the files change back, waits for more, ends the daemon and starts it again after some seconds. One
# that stays is it; one that comes and goes has not read them yet. A parent that sees nothing is restarted.
await_reload() {
  say "waiting for $unit to restart containerd"
  waited=0 steady=0 last=
  while [ "$steady" -lt "$steady_seconds" ]; do
    waited=$((waited + 1))
    if [ "$waited" -gt "$reload_seconds" ]; then
      say "$unit did not restart containerd within $reload_seconds s"
      now=$(start)
      restart_unit
      return
    fi
    sleep 1
    seen=$(start)
    if [ -z "$seen" ] || [ "$seen" = "$now" ] || [ "$seen" != "$last" ]; then steady=0; else steady=$((steady + 1)); fi
    last=$seen
  done
}

cd "$txn" || exit 1
if [ ! -f files ]; then
  say 'nothing had been prepared; nothing to do'
  end
  exit 0
fi
# The timer and the installer may come at the same moment: the second waits, and then finds the outcome. For as long as all
# the waits of the first may take: while it waits for the daemon, a second restart would cut that off.
if command -v flock >/dev/null; then
  exec 9<files
  flock -w $(($(cat wait) + 120)) 9
fi
if [ -f outcome ]; then
  say "already ended: $(cat outcome)"
  end
  case $(cat outcome) in broken*) exit 1 ;; *) exit 0 ;; esac
fi

# One decision for each change, and the first writer wins: a hard link is made once or not at all.
if [ ! -f decision.rollback ]; then
  rm -f "decision.$$"
  echo rollback >"decision.$$"
  flush "decision.$$"
  mv -f "decision.$$" decision.rollback
fi
ln decision.rollback decision 2>/dev/null
flush .
if [ "$(cat decision)" = commit ]; then
  say 'the change was committed; nothing to do'
  end
  exit 0
fi

# Somebody else's installer that still runs could write again after us. And one that stops containerd while the kubelet
# still waits for its start is started again as soon as containerd is back, and then nobody watches it: in a sandbox that
# has ended, containerd starts nothing. After a reboot neither runs, and the numbers are other processes'.
same_boot=yes
if [ -f boot ] && [ "$(cat boot)" != "$(cat /proc/sys/kernel/random/boot_id)" ]; then same_boot=; fi
if [ -n "$same_boot" ] && [ -f pod ]; then end_pod "$(cat pod)"; fi
if [ -n "$same_boot" ] && [ -f sandbox ]; then
  read -r pid ticks <sandbox
  if [ -n "$ticks" ] && [ "$(start_ticks "$pid")" = "$ticks" ]; then kill -9 "$pid"; fi
fi

unit=$(cat unit)
reload=$(cat reload)
reading=$(start) # before the files go back: a parent that watches may be fast, and a flush may be slow
failed= wrote=
while read -r n before after path; do
  if is_before "$n" "$before" "$path"; then
    :
  elif is_after "$n" "$after" "$path"; then
    put_back "$n" "$before" "$path" || failed="$failed $path"
  else
    take_out_ours "$path" || failed="$failed $path"
  fi
  rm -f "$(staging "$path")/.kwasm-${txn##*/}-$n.before" "$(staging "$path")/.${path##*/}.kwasm-new"
done <files

# Directories whose patterns containerd reads, while somebody else's installer was let in: what it added goes.
if [ -f watched ]; then
  while read -r n directory; do
    for entry in "$directory"/* "$directory"/.[!.]*; do
      [ -f "$entry" ] || continue
      known=
      while IFS= read -r name; do [ "$name" = "${entry##*/}" ] && known=yes; done <"listing/$n"
      [ -n "$known" ] && continue
      wrote=yes
      rm -f "$entry" || failed="$failed $entry"
    done
    flush "$directory"
  done <watched
fi

if [ -f directories ]; then
  while IFS= read -r directory; do rmdir "$directory" 2>/dev/null && flush "${directory%/*}"; done <directories
fi

# A daemon that has run since before the change has never read it: leave it alone.
wait_seconds=${KWASM_RESTORE_WAIT_SECONDS:-$(cat wait)}
reload_seconds=${KWASM_RESTORE_RELOAD_SECONDS:-45} # k0s: 3 s for more changes, 5 s before it starts the daemon again
steady_seconds=${KWASM_RESTORE_STEADY_SECONDS:-5}
before=$(cat start)
now=$(start)
state=$(systemctl is-active "$unit")
if [ "$who" = boot ] && [ "$state" != active ]; then
  : # it has yet to be started, and waits for us
elif [ "$who" = boot ]; then
  systemctl --no-block restart "$unit" # which waits for us as well
elif [ "$state" != active ]; then
  restart_unit
elif [ "$reload" = watched ]; then
  if [ -n "$wrote" ]; then
    now=$reading
    await_reload
  elif [ "$now" != "$before" ]; then
    now= # an earlier run of this script, or nobody, has written: whichever daemon stays is it
    await_reload
  fi
elif [ "$now" != "$before" ]; then
  restart_unit
fi
if [ -n "$failed" ]; then
  finish "broken $who: could not restore$failed"
  exit 1
fi
finish "rolledBack $who"
