import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureError } from '../../scripts/lib/failure.ts'
import { deploy } from '../../scripts/lib/deployment/deploy.ts'
import { parseKnownHosts } from '../../scripts/lib/deployment/known-hosts.ts'
import { connector, type ConnectOptions } from '../../scripts/lib/deployment/remote.ts'
import { noExceptions, type DeployRequest } from '../../scripts/lib/deployment/request.ts'
import { standInSecrets } from '../../scripts/lib/deployment/secrets.ts'
import { openSshSkip } from './openssh-skip.ts'
import { startOpenSsh, type OpenSshLab } from '../../scripts/lib/bench/openssh.ts'
import { newKeyPair } from '../../scripts/lib/twin/embedded/server.ts'
import { smallRendering, web } from './small-lab.ts'

const test = suite<{ lab: OpenSshLab }>('deploy over OpenSSH')
const real =
  openSshSkip === null ? test : (name: string, ..._rest: readonly unknown[]) => test.skip(`${name} (${openSshSkip})`)

const addresses = { n1: '192.0.2.11', n2: '192.0.2.12', n3: '192.0.2.13' }
const { username } = userInfo()
const rendering = (body: string, asks = 'web.service') =>
  smallRendering({ body, asks, more: true }, {}, Object.keys(addresses), username)

if (openSshSkip === null) {
  test.before(async (context) => {
    context.lab = await startOpenSsh(addresses, ['etc/web', 'usr/sbin'])
    for (const host of Object.keys(addresses)) writeFileSync(join(context.lab.root(host), 'usr/sbin/web'), '')
  })
  test.after(async ({ lab }) => {
    await lab.close()
  })
}

const ways = Object.fromEntries(Object.values(rendering('x').hosts).map(({ host, way }) => [host, way]))
const secrets = standInSecrets()

function options(lab: OpenSshLab, more: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    ways,
    knownHosts: parseKnownHosts(lab.knownHosts),
    identity: { privateKey: lab.privateKey },
    dial: lab.dial,
    ...more,
  }
}

let now = 0
function request(lab: OpenSshLab, target: DeployRequest['target']): DeployRequest {
  return {
    target,
    renderers: [web],
    secrets,
    commit: null,
    apply: true,
    ...noExceptions,
    last: [],
    connect: connector(options(lab)),
    // Nothing here takes time by itself: waiting is all that the clock is asked for.
    clock: { now: () => now, sleep: (ms) => Promise.resolve(void (now += ms)), after: () => () => {} },
    report: () => {},
    owner: 'test',
    run: 'test',
    token: `t${(now += 1)}`,
  }
}

const ends = (outcome: { hosts: Readonly<Record<string, { outcome: string }>> }) =>
  Object.values(outcome.hosts).map(({ outcome: end }) => end)

async function refused(promise: Promise<unknown>): Promise<FailureError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof FailureError) return error
    throw error
  }
  throw new Error('it should have been refused')
}

real('puts files in place, then finds nothing to do', async ({ lab }: { lab: OpenSshLab }) => {
  const first = await deploy(request(lab, rendering('one')))
  assert.is(first.exit, 0, JSON.stringify(first.failure))
  assert.equal(ends(first), ['applied', 'applied', 'applied'])
  const file = join(lab.root('n2'), 'etc/web/key.priv')
  assert.is(statSync(file).mode & 0o777, 0o600)
  assert.is(readFileSync(join(lab.root('n2'), 'etc/web/web.conf'), 'utf8'), 'one\n')
  const told = lab.told('n2').length
  const second = await deploy(request(lab, rendering('one')))
  assert.equal(ends(second), ['unchanged', 'unchanged', 'unchanged'])
  assert.is(lab.told('n2').length, told)
})

real('takes a change back that fails its probe', async ({ lab }: { lab: OpenSshLab }) => {
  const outcome = await deploy(request(lab, rendering('two', 'missing.service')))
  assert.is(outcome.exit, 3, JSON.stringify(outcome.failure))
  for (const host of Object.keys(addresses))
    assert.is(readFileSync(join(lab.root(host), 'etc/web/web.conf'), 'utf8'), 'one\n')
})

real(
  'refuses a host whose key is not pinned, and one whose key changed, before anything is sent',
  async ({ lab }: { lab: OpenSshLab }) => {
    const way = ways['n1']
    if (way === undefined) throw new Error('n1 has no way')
    const unknown = await refused(connector(options(lab, { knownHosts: parseKnownHosts('') }))('n1', way))
    assert.match(unknown.message, 'not pinned')
    assert.is(unknown.exit, 4)
    const [, other] = lab.knownHosts.split('\n')
    const swapped = await refused(
      connector(options(lab, { knownHosts: parseKnownHosts((other ?? '').replace('192.0.2.12', '192.0.2.11')) }))(
        'n1',
        way,
      ),
    )
    assert.match(swapped.message, 'is not the pinned one')
    assert.match(swapped.message, /SHA256:/)
  },
)

real('says in plain words that the key is refused', async ({ lab }: { lab: OpenSshLab }) => {
  const way = ways['n1']
  if (way === undefined) throw new Error('n1 has no way')
  const { privateKey: stranger } = newKeyPair()
  const error = await refused(connector(options(lab, { identity: { privateKey: stranger } }))('n1', way))
  assert.match(error.message, 'refuses the key')
})

real(
  'a second address is tried when the first does not answer, and a deadline ends every call',
  async ({ lab }: { lab: OpenSshLab }) => {
    const way = ways['n1']
    if (way === undefined) throw new Error('n1 has no way')
    const known = `${lab.knownHosts}${lab.knownHosts.split('\n')[0]?.replace('192.0.2.11', '192.0.2.99')}\n`
    const remote = await connector(options(lab, { knownHosts: parseKnownHosts(known) }))('n1', {
      ...way,
      addresses: ['192.0.2.99', ...way.addresses],
    })
    assert.is(remote.entry.address, '192.0.2.11')
    const late = await refused(remote.exec('sleep 5', '', 200))
    assert.match(late.message, 'no answer within')
    remote.close()
  },
)

real('a guest is reached through a node', async ({ lab }: { lab: OpenSshLab }) => {
  const way = ways['n2']
  if (way === undefined) throw new Error('n2 has no way')
  // sshd itself opens the way on, so the jump leads to a real port: the one that n2's address stands for.
  const socket = (await lab.dial('192.0.2.12', 22)) as Socket
  const port = socket.remotePort ?? 0
  socket.destroy()
  const key = lab.knownHosts.split('\n')[1]?.split(' ').slice(1).join(' ')
  const knownHosts = parseKnownHosts(`${lab.knownHosts}[127.0.0.1]:${port} ${key}\n`)
  const guest = { ...way, addresses: ['127.0.0.1'], port, via: ['n3', 'n1'] }
  const remote = await connector(options(lab, { knownHosts }))('guest', guest)
  const { stdout } = await remote.exec('printf %s "$QUORATE_ROOT"', '', 5000)
  assert.is(stdout, lab.root('n2'))
  remote.close()
})

real(
  'an upload does not overwrite, and leaves the state folder to root alone',
  async ({ lab }: { lab: OpenSshLab }) => {
    const way = ways['n1']
    if (way === undefined) throw new Error('n1 has no way')
    const remote = await connector(options(lab))('n1', way)
    const path = join(lab.root('n1'), 'run/upload')
    await remote.put([{ path, content: Buffer.from('first') }], 5000)
    await refused(remote.put([{ path, content: Buffer.from('second') }], 5000))
    assert.is(readFileSync(path, 'utf8'), 'first')
    assert.is(statSync(join(lab.root('n1'), 'var/lib/quorate')).mode & 0o777, 0o700)
    assert.ok(existsSync(path))
    remote.close()
  },
)

test.run()
