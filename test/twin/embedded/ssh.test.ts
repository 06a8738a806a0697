import { connect } from 'node:net'
import { writeFileSync, existsSync, mkdirSync, symlinkSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { execFile, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Client as Ssh, ClientChannel, SFTPWrapper } from 'ssh2'
import { newKeyPair } from '../../../scripts/lib/twin/embedded/server.ts'
import { login } from './client.ts'
import { addressOf, nodes, withLab } from './small-lab.ts'

const run = promisify(execFile)

/** The types of the library know fewer flags than it takes. */
const exclusively = { writeStreamOptions: { flags: 'wx' as 'w', mode: 0o600 as const } }

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it went through',
    (error: unknown) => String(error),
  )
}

/** A process that has ended may stay as a zombie where nobody asks for its status. */
function isRunning(pid: string): boolean {
  const file = `/proc/${pid}/stat`
  return existsSync(file) && !/\) Z /.test(readFileSync(file, 'utf8'))
}

test('a command runs in the host, with a clean environment and its own exit code', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const answer = await client.exec(
      'pwd; echo "$QUORATE_ROOT"; env | cut -d= -f1 | sort | tr "\\n" " "; echo no >&2; exit 7',
    )
    const folder = lab.folder('pve1')
    assert.equal(answer.code, 7)
    assert.equal(answer.stderr, 'no\n')
    assert.equal(answer.stdout, `${folder}\n${folder}\nHOME LANG LOGNAME PATH PWD QUORATE_ROOT SHELL USER `)
    assert.equal((await client.exec('kill -TERM $$')).signal, 'SIGTERM')
    await client.end()
  }))

test('eight megabytes pass in both directions, on standard output and on standard error', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const input = Buffer.alloc(8_000_000, 'quorate ')
    assert.equal((await client.exec('wc -c', input)).stdout.trim(), '8000000')
    assert.is((await client.exec('cat', input)).stdout, input.toString())
    assert.equal((await client.exec('head -c 8000000 /dev/zero >&2')).stderr.length, 8_000_000)
    // It ends before it has read what it was sent.
    assert.equal((await client.exec('exit 3', input)).code, 3)
    await client.end()
  }))

test('nobody enters without the one key, or as another user', () =>
  withLab(async (lab) => {
    const other = newKeyPair()
    assert.match(
      await failure(login(lab, addressOf('pve1'), undefined, other.privateKey)),
      'authentication methods failed',
    )
    const client = await login(lab, addressOf('pve1'))
    await client.end()
  }))

test('what is not in the host’s folder cannot be read or written, by links either', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const { sftp } = client
    const folder = lab.folder('pve1')
    symlinkSync('/etc', join(folder, 'outside'))
    symlinkSync(join(tmpdir(), 'nothing-is-here'), join(folder, 'dangling'))
    for (const path of [
      '/etc/passwd',
      `${folder}/../pve2/etc`,
      `${folder}/outside/passwd`,
      `${lab.folder('pve2')}/etc`,
    ]) {
      assert.match(await failure(sftp.get(path)), 'Permission denied', path)
    }
    for (const path of ['/tmp/quorate-escaped', `${folder}/outside/quorate-escaped`, `${folder}/dangling`]) {
      assert.match(await failure(sftp.put(Buffer.from('x'), path)), 'Permission denied', path)
    }
    await sftp.put(Buffer.from('x'), `${folder}/inside`)
    assert.match(await failure(sftp.posixRename(`${folder}/inside`, '/tmp/quorate-escaped')), 'Permission denied')
    assert.not(existsSync('/tmp/quorate-escaped'))
    // /etc/pve is one tree for all nodes, and the way into it is open.
    await sftp.put(Buffer.from('y'), `${folder}/etc/pve/shared`)
    assert.equal(readFileSync(join(lab.folder('pve2'), 'etc/pve/shared'), 'utf8'), 'y')
    await client.end()
  }))

test('files are written, listed, renamed and removed as by OpenSSH', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const { sftp } = client
    const at = (name: string) => `${lab.folder('pve1')}/tmp/${name}`
    await sftp.put(Buffer.from('one'), at('a'), exclusively)
    assert.equal((await sftp.stat(at('a'))).mode & 0o777, 0o600)
    assert.match(await failure(sftp.put(Buffer.from('two'), at('a'), exclusively)), 'Failure')
    await sftp.put(Buffer.from('two'), at('b'))
    assert.match(await failure(sftp.rename(at('a'), at('b'))), 'Failure')
    await sftp.posixRename(at('a'), at('b'))
    assert.equal(readFileSync(at('b'), 'utf8'), 'one')
    await sftp.chmod(at('b'), 0o640)
    await sftp.mkdir(at('c/d'), true)
    const names = (await sftp.list(`${lab.folder('pve1')}/tmp`)).map(({ name, type }) => `${type}${name}`)
    assert.equal(names.toSorted(), ['-b', 'dc'])
    await sftp.rmdir(at('c'), true)
    await sftp.delete(at('b'))
    assert.is(await sftp.exists(at('b')), false)
    assert.match(await failure(sftp.get(at('b'))), 'No such file')
    await client.end()
  }))

test('many requests are in flight at once, and a file can be made durable', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const { sftp } = client.sftp as unknown as { sftp: SFTPWrapper }
    const at = (name: string) => `${lab.folder('pve1')}/tmp/${name}`
    const content = Buffer.alloc(3_000_000, 'abc')
    const write = promisify(sftp.writeFile.bind(sftp)) as (path: string, data: Buffer, options: object) => Promise<void>
    await Promise.all(Array.from({ length: 16 }, (_, index) => write(at(`f${index}`), content, { flag: 'wx' })))
    for (let index = 0; index < 16; index++) assert.ok(readFileSync(at(`f${index}`)).equals(content))
    const handle = await promisify(
      sftp.open.bind(sftp) as (path: string, flags: string, done: (e?: Error, h?: Buffer) => void) => void,
    )(at('f0'), 'r+')
    await promisify(sftp.ext_openssh_fsync.bind(sftp))(handle as Buffer)
    await client.end()
  }))

test('a guest is reached through its node, and nobody else is reached through it', () =>
  withLab(async (lab) => {
    const jump = await login(lab, addressOf('pve1'))
    const forward = (ssh: Ssh, address: string, port = 22) =>
      new Promise<ClientChannel>((resolve, reject) => {
        ssh.forwardOut('127.0.0.1', 0, address, port, (error, channel) => (error ? reject(error) : resolve(channel)))
      })
    const guest = await login(lab, '10.0.1.53', await forward(jump.ssh, '10.0.1.53'))
    assert.equal((await guest.exec('cat run/sim/host')).stdout, 'dns1\n')
    await guest.end()
    for (const [address, port] of [
      ['10.0.1.54', 22],
      ['10.0.1.53', 80],
      ['127.0.0.1', lab.node('pve2').port],
    ] as const) {
      assert.match(await failure(forward(jump.ssh, address, port)), 'open failure', address)
    }
    const far = await login(lab, addressOf('pve3'))
    assert.match(await failure(forward(far.ssh, '10.0.1.53')), 'open failure')
    await Promise.all([jump.end(), far.end()])
  }))

test('a guest and an unknown address cannot be dialled from outside', () =>
  withLab(async (lab) => {
    assert.match(await failure(lab.dial('10.0.1.53', 22)), 'connect ETIMEDOUT 10.0.1.53:22')
    assert.match(await failure(lab.dial(addressOf('pve1'), 23)), 'ETIMEDOUT')
  }, 1000))

test('the ssh and sftp programs of OpenSSH work with it, host key pinned', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-openssh-'))
  try {
    await withLab(async (lab) => {
      const key = join(folder, 'key')
      const known = join(folder, 'known_hosts')
      writeFileSync(key, lab.privateKey, { mode: 0o600 })
      writeFileSync(known, lab.knownHosts)
      const port = String(lab.node('pve1').port)
      const options = ['-F', 'none', '-i', key, '-o', `UserKnownHostsFile=${known}`, '-o', 'StrictHostKeyChecking=yes']
      const target = ['-o', `HostKeyAlias=${addressOf('pve1')}`, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes']
      const ssh = await run('ssh', [
        ...options,
        ...target,
        '-p',
        port,
        'root@127.0.0.1',
        'cat run/sim/host; systemctl is-active ssh; true',
      ])
      assert.equal(ssh.stdout, 'pve1\ninactive\n')
      const fails = await run('ssh', [...options, ...target, '-p', port, 'root@127.0.0.1', 'exit 9']).catch(
        (error: { code: number }) => error.code,
      )
      assert.equal(fails, 9)
      mkdirSync(join(folder, 'in'))
      writeFileSync(join(folder, 'in/a'), 'text\n')
      const batch = join(folder, 'batch')
      const there = `${lab.folder('pve1')}/tmp`
      writeFileSync(
        batch,
        `put ${folder}/in/a ${there}/a\nrename ${there}/a ${there}/b\nls -l ${there}\nget ${there}/b ${folder}/b\n`,
      )
      const sftp = await run('sftp', [...options, ...target, '-P', port, '-b', batch, 'root@127.0.0.1'])
      assert.match(sftp.stdout, /^-rw-r--r-- .* 5 .*b$/m)
      assert.equal(readFileSync(join(folder, 'b'), 'utf8'), 'text\n')
      const wrong = ['-o', `HostKeyAlias=${addressOf('pve2')}`, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes']
      assert.match(
        await failure(run('ssh', [...options, ...wrong, '-p', port, 'root@127.0.0.1', 'true'])),
        'HOST IDENTIFICATION HAS CHANGED',
      )
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('known_hosts names every host by its own addresses', () =>
  withLab(async (lab) => {
    const names = lab.knownHosts
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' '))
    assert.equal(
      names.toSorted(),
      ['10.0.1.53', ...nodes.map(addressOf)].map((address) => `${address} ssh-ed25519`).toSorted(),
    )
    assert.is(new Set(lab.knownHosts.split('\n')).size, 5)
  }))

test('after the end there is no port, no process and no connection', async () => {
  let port = 0
  let background = ''
  let lost = ''
  await withLab(async (lab) => {
    port = lab.node('pve1').port
    const client = await login(lab, addressOf('pve1'))
    client.sftp.on('error', () => {})
    const ended = failure(client.exec('/bin/sleep 600 & echo $! >pid; /bin/sleep 600'))
    while (!existsSync(join(lab.folder('pve1'), 'pid'))) await lab.clock.sleep(50)
    background = readFileSync(join(lab.folder('pve1'), 'pid'), 'utf8').trim()
    await lab.close()
    lost = await ended
  })
  assert.match(lost, 'connection was lost')
  assert.not(isRunning(background))
  const refused = await new Promise<string>((resolve) => {
    connect(port, '127.0.0.1').once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
  assert.equal(refused, 'ECONNREFUSED')
})

test('nothing runs on when the process that held the lab is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-orphan-'))
  const program = fileURLToPath(new URL('orphan.ts', import.meta.url))
  const register = fileURLToPath(new URL('../../register.js', import.meta.url))
  const holder = spawn(process.execPath, ['--import', 'tsx', '--import', register, program, folder])
  try {
    const pid = await new Promise<string>((resolve) => {
      holder.stdout.once('data', (line: Buffer) => resolve(line.toString().trim()))
    })
    assert.ok(isRunning(pid))
    holder.kill('SIGKILL')
    while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
  } finally {
    holder.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()
