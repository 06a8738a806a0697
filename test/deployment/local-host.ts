/** A host that is a folder: the real host side, run by the real sh, without SSH. What it tells systemd is only written down. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Remote } from '../../scripts/lib/deployment/remote.ts'
import { openSession, type Session } from '../../scripts/lib/deployment/session.ts'
import { wallClock } from '../../scripts/lib/deployment/wall-clock.ts'

export interface LocalHost {
  readonly root: string
  readonly session: Session
  write(path: string, content: string, mode?: number): void
  /** Null where there is no such file. */
  read(path: string): string | null
  /** Every unit that was told something, in order: "restart web.service". */
  told(): readonly string[]
  /** From now on the n-th call (1: the next) of a program that changes files kills the whole host side, before it does anything. */
  killAt(call: number): void
  /** Whether that happened. */
  wasKilled(): boolean
  /** Puts another program in the place of one: the body of a shell script. */
  replace(name: string, body: string): void
  close(): void
}

/** The least that a host side's manifest.json may hold and still be the bundle of the host named "host". */
export const manifest = '{"format":1,"host":"host","services":{},"parts":[],"groups":[]}\n'

const tripwired = ['mv', 'cp', 'rm', 'sync', 'chmod', 'mkdir', 'rmdir', 'systemctl', 'systemd-run']

/** Its fence is raised already, to 1 with the token "token". */
export async function localHost(): Promise<LocalHost> {
  const base = mkdtempSync(join(tmpdir(), 'quorate-host-'))
  const root = join(base, 'root')
  const bin = join(base, 'bin')
  for (const folder of [root, bin, join(root, 'etc/web'), join(root, 'run'), join(root, 'etc/systemd/system')])
    mkdirSync(folder, { recursive: true })
  for (const name of tripwired) program(join(bin, name), wire(base, name))
  const session = openSession(
    () => Promise.resolve(remoteOf(root, bin)),
    { host: { addresses: ['192.0.2.1'], port: 22, user: 'root', via: [] } },
    'token',
    wallClock,
  )
  session.setFence(1)
  const raised = await session.ask('host', 'fence', [], [['raise', '1', 'token']], 10_000)
  if (raised.refused !== null) throw new Error(raised.refused.text)
  const at = (path: string) => join(root, path)
  return {
    root,
    session,
    write(path, content, mode = 0o644) {
      mkdirSync(dirname(at(path)), { recursive: true })
      writeFileSync(at(path), content)
      chmodSync(at(path), mode)
    },
    read: (path) => (existsSync(at(path)) ? readFileSync(at(path), 'utf8') : null),
    told() {
      const log = join(base, 'told')
      return existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []
    },
    killAt: (call) => writeFileSync(join(base, 'fuse'), `${call}\n`),
    replace: (name, body) => program(join(bin, name), `#!/bin/sh\n${body}\n`),
    wasKilled: () => existsSync(join(base, 'killed')),
    close: () => rmSync(base, { recursive: true, force: true }),
  }
}

function remoteOf(root: string, bin: string): Remote {
  return {
    entry: { address: 'here', port: 22, user: 'root' },
    exec: (command, stdin) =>
      new Promise((resolve, reject) => {
        // A group of its own, so that a tripwire can end it whole, and nothing else.
        const child = spawn('/bin/sh', ['-c', command], {
          detached: true,
          env: { PATH: `${bin}:/usr/bin:/bin`, QUORATE_ROOT: root },
        })
        const out: Buffer[] = []
        const err: Buffer[] = []
        child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
        child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
        child.stdin.on('error', () => {})
        child.on('error', reject)
        child.on('close', (exit) =>
          resolve({ exit, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
        )
        child.stdin.end(stdin)
      }),
    put(files) {
      for (const { path, content } of files) writeFileSync(path, content, { flag: 'wx', mode: 0o600 })
      return Promise.resolve()
    },
    close: () => {},
  }
}

function program(path: string, text: string): void {
  writeFileSync(path, text)
  chmodSync(path, 0o755)
}

/** Counts down; at zero the process group dies as if the power went. */
function wire(base: string, name: string): string {
  const countdown = `if [ -e '${base}/fuse' ]; then
  read -r left <'${base}/fuse'
  left=$((left - 1))
  echo "$left" >'${base}/fuse'
  if [ "$left" -le 0 ]; then /bin/rm -f '${base}/fuse'; : >'${base}/killed'; kill -KILL 0; fi
fi`
  const does = {
    systemctl: `case $1 in is-active | is-enabled) exit 0 ;; esac\necho "$*" >>'${base}/told'`,
    'systemd-run': `exit 0`,
  }[name]
  return `#!/bin/sh\n${countdown}\n${does ?? `exec /bin/${name} "$@"`}\n`
}
