/** How often a deployment asks a host, against real OpenSSH: what a distant host is slow by. */
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers } from '../../renderers/index.ts'
import { agentSources } from '../../scripts/lib/bench/lab-sources.ts'
import { startOpenSsh, type OpenSshLab } from '../../scripts/lib/bench/openssh.ts'
import { renderLab } from '../../scripts/lib/bundle/render.ts'
import type { Rendering } from '../../scripts/lib/bundle/rendering.ts'
import { define } from '../../scripts/lib/definition/definition.ts'
import { deploy } from '../../scripts/lib/deployment/deploy.ts'
import { parseKnownHosts } from '../../scripts/lib/deployment/known-hosts.ts'
import { connector, type Connect } from '../../scripts/lib/deployment/remote.ts'
import { noExceptions } from '../../scripts/lib/deployment/request.ts'
import { standInSecrets } from '../../scripts/lib/deployment/secrets.ts'
import { openSshSkip } from '../deployment/openssh-skip.ts'

const test = suite<{ lab: OpenSshLab }>('how often a host is asked')
const real =
  openSshSkip === null ? test : (name: string, ..._rest: readonly unknown[]) => test.skip(`${name} (${openSshSkip})`)

const addresses = { n1: '192.0.2.11', n2: '192.0.2.12' }

if (openSshSkip === null) {
  test.before(async (context) => {
    context.lab = await startOpenSsh(addresses, ['etc/agent'])
  })
  test.after(async ({ lab }) => {
    await lab.close()
  })
}

function rendered(edition: 0 | 1): Rendering {
  const { lab } = define(agentSources(addresses, userInfo().username, edition), 'lab', renderers)
  if (lab === null) throw new Error('the lab is not sound')
  return renderLab(lab, renderers, {}).rendering
}

/** Deploys; what was asked of n2 from the plan on: a call's first word of its last line, "connect" and "put". */
async function askedOf(lab: OpenSshLab, target: Rendering, token: string): Promise<readonly string[]> {
  const asked: string[] = []
  const ways = Object.fromEntries(Object.values(target.hosts).map(({ host, way }) => [host, way]))
  const connect = connector({
    ways,
    knownHosts: parseKnownHosts(lab.knownHosts),
    identity: { privateKey: readFileSync(lab.identity, 'utf8') },
    dial: lab.dial,
  })
  const counting: Connect = async (host, way) => {
    const note = (what: string) => void (host === 'n2' && asked.push(what))
    note('connect')
    const remote = await connect(host, way)
    return {
      ...remote,
      exec: (command, stdin, ms) => {
        note(/\nmain '([a-z-]+)/.exec(stdin)?.[1] ?? command)
        return remote.exec(command, stdin, ms)
      },
      put: (files, ms) => {
        note('put')
        return remote.put(files, ms)
      },
    }
  }
  let now = Number(token) * 1e6
  const outcome = await deploy({
    target,
    renderers,
    secrets: standInSecrets(),
    commit: null,
    apply: true,
    ...noExceptions,
    last: [],
    connect: counting,
    clock: { now: () => now, sleep: (ms) => Promise.resolve(void (now += ms)), after: () => () => {} },
    report: (event) => {
      if (event.kind === 'planned') asked.length = 0
    },
    owner: 'test',
    run: 'test',
    token: `t${token}`,
  })
  assert.is(outcome.exit, 0, JSON.stringify(outcome.failure))
  return asked
}

real(
  'a step asks its host at most twelve times, and where nothing has to be done nothing more is asked',
  async ({ lab }: { lab: OpenSshLab }) => {
    await askedOf(lab, rendered(0), '1')
    const all = await askedOf(lab, rendered(1), '2')
    const step = all.slice(all.indexOf('open'), all.indexOf('confirm') + 1)
    // Four probes: a unit that was told has to keep running for its soak.
    assert.equal([...new Set(step)], ['open', 'put', 'stage', 'arm', 'activate', 'connect', 'probe', 'confirm'])
    assert.ok(step.length <= 12, step.join(', '))
    assert.equal(
      all.filter((what) => !step.includes(what)),
      ['look', 'inspect', 'prune', 'lease'],
    )
    assert.equal(await askedOf(lab, rendered(1), '3'), ['lease'])
  },
)

test.run()
