import { spawn } from "node:child_process";

/** Seconds between asking processes to end and killing them. */
const GRACE_S = 5;

/**
 * Ends the processes it was told of when its standard input ends, which the system sees to even when this process is
 * killed. It signals nothing but these process ids.
 */
const PROGRAM = `
trap '' INT TERM HUP
pids=' '
while read -r verb pid; do
  case $verb in
    watch) pids="$pids$pid " ;;
    forget) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -TERM "$pid" 2>/dev/null; done
left=${GRACE_S}
while [ "$left" -gt 0 ]; do
  alive=
  for pid in $pids; do kill -0 "$pid" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && exit 0
  sleep 1
  left=$((left - 1))
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
`;

/** See that no process outlives this one, however this one ends. */
export type Watchdog = {
  watch(pid: number): void;
  /** The process has ended: its id may be somebody else's from now on. */
  forget(pid: number): void;
  close(): void;
};

/** Starts a watchdog for this process. It is one sleeping shell. */
export function startWatchdog(): Watchdog {
  const shell = spawn("/bin/sh", ["-c", PROGRAM], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  shell.unref();
  shell.on("error", ignored);
  shell.stdin.on("error", ignored);
  const tell = (line: string) => {
    shell.stdin.write(`${line}\n`);
  };
  return {
    watch: (pid) => tell(`watch ${pid}`),
    forget: (pid) => tell(`forget ${pid}`),
    close: () => {
      shell.stdin.end();
    },
  };
}

/** Without a watchdog everything works but the last resort. */
function ignored(): void {}
