/** Real OpenSSH servers on loopback, one per host, each with a folder as its "/" and with simulated systemd on PATH. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'

export const sshdPath = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path)) ?? null

export interface OpenSshLab {
  /** By the host's address in the lab. */
  dial(address: string, port: number): Promise<Duplex>
  /** The port on 127.0.0.1 that stands for an address in the lab. */
  port(address: string): number
  /** The file of the client's private key. */
  readonly identity: string
  readonly knownHosts: string
  readonly privateKey: string
  root(host: string): string
  /** What systemctl was told on the host. */
  told(host: string): readonly string[]
  close(): Promise<void>
}

/** `hosts`: by name, the address in the lab. `folders`: made on each. */
export async function startOpenSsh(
  hosts: Readonly<Record<string, string>>,
  folders: readonly string[],
): Promise<OpenSshLab> {
  const base = mkdtempSync(join(tmpdir(), 'quorate-openssh-'))
  // sshd wants it when it runs as root.
  const ownRun = userInfo().uid === 0 && !existsSync('/run/sshd')
  if (ownRun) mkdirSync('/run/sshd', { mode: 0o755 })
  keygen(join(base, 'client'))
  const servers: { readonly child: ChildProcess; readonly gone: Promise<void> }[] = []
  const ports = new Map<string, number>()
  let knownHosts = ''
  // A process that ends early leaves no server behind.
  const abandon = () => {
    for (const { child } of servers) child.kill()
    rmSync(base, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  for (const [host, address] of Object.entries(hosts)) {
    const root = join(base, host)
    for (const folder of ['run', 'etc/systemd/system', ...folders]) mkdirSync(join(root, folder), { recursive: true })
    simulate(base, host)
    keygen(join(base, `${host}.key`))
    const port = await freePort()
    writeFileSync(join(base, `${host}.conf`), config(base, host, port))
    const child = spawn(sshdPath ?? '', ['-D', '-e', '-f', join(base, `${host}.conf`)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    servers.push({ child, gone: new Promise((resolve) => child.once('close', () => resolve())) })
    await answering(port, () => errors)
    ports.set(address, port)
    knownHosts += `${address} ${readFileSync(join(base, `${host}.key.pub`), 'utf8')}`
  }
  return {
    port: (address) => ports.get(address) ?? 1,
    identity: join(base, 'client'),
    dial: (address) =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: ports.get(address) ?? 1, noDelay: true })
        socket.once('connect', () => resolve(socket))
        socket.once('error', reject)
      }),
    knownHosts,
    privateKey: readFileSync(join(base, 'client'), 'utf8'),
    root: (host) => join(base, host),
    told: (host) =>
      existsSync(join(base, `${host}.told`))
        ? readFileSync(join(base, `${host}.told`), 'utf8')
            .split('\n')
            .slice(0, -1)
        : [],
    async close() {
      process.off('exit', abandon)
      for (const { child } of servers) child.kill()
      await Promise.all(servers.map(({ gone }) => gone))
      rmSync(base, { recursive: true, force: true })
      if (ownRun) rmdirSync('/run/sshd')
    },
  }
}

function config(base: string, host: string, port: number): string {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(base, `${host}.key`)}`,
    `AuthorizedKeysFile ${join(base, 'client.pub')}`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    'LogLevel ERROR',
    'Subsystem sftp internal-sftp',
    `SetEnv QUORATE_ROOT=${join(base, host)} PATH=${join(base, `${host}.bin`)}:/usr/bin:/bin`,
    '',
  ].join('\n')
}

/** systemd as far as a deployment asks for it: every unit is well, every timer is set and none fires. */
function simulate(base: string, host: string): void {
  const bin = join(base, `${host}.bin`)
  mkdirSync(bin)
  const programs = {
    systemctl: `case $1 in
is-active | is-enabled) case $2 in missing*) exit 3 ;; esac; exit 0 ;;
is-failed) echo active; exit 1 ;;
show) printf '%s\\n' Type=notify ActiveState=active ConditionResult=yes InvocationID=1f; exit 0 ;;
esac
echo "$*" >>'${join(base, `${host}.told`)}'`,
    'systemd-run': 'exit 0',
    nft: 'exit 0',
  }
  for (const [name, does] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${does}\n`)
    chmodSync(join(bin, name), 0o755)
  }
}

function keygen(file: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function answering(port: number, errors: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`sshd does not answer on port ${port}: ${errors()}`)
}
