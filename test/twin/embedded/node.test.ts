import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Client as Ssh } from 'ssh2'
import { configured, lay } from './configure.ts'
import { login, type TestClient } from './client.ts'
import { addressOf, withLab } from './small-lab.ts'

async function quietly(client: TestClient): Promise<TestClient> {
  client.sftp.on('error', () => {})
  return client
}

const outcome = (promise: Promise<{ stdout: string }>) =>
  promise.then(
    ({ stdout }) => stdout,
    (error: unknown) => String(error),
  )

test('systemctl answers with the exit codes and words of systemd', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const cases = [
      ['is-active dnsmasq', 3, 'inactive\n', ''],
      ['start dnsmasq', 1, '', 'Job for dnsmasq.service failed because the control process exited with error code.'],
      ['is-active dnsmasq', 3, 'failed\n', ''],
      ['reload dnsmasq', 1, '', 'dnsmasq.service is not active, cannot reload.'],
      ['start nothing', 5, '', 'Failed to start nothing.service: Unit nothing.service not found.'],
      ['stop nothing', 5, '', 'Failed to stop nothing.service: Unit nothing.service not loaded.'],
      ['is-enabled dnsmasq', 1, 'disabled\n', ''],
      ['enable dnsmasq', 0, '', 'Created symlink'],
      ['is-enabled dnsmasq', 0, 'enabled\n', ''],
      ['disable dnsmasq', 0, '', 'Removed '],
      ['enable nothing', 1, '', 'Failed to enable unit: Unit file nothing.service does not exist.'],
      [
        'show dnsmasq -p LoadState,ActiveState,SubState,Result',
        0,
        'LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\n',
        '',
      ],
      ['show nothing -p LoadState --value', 0, 'not-found\n', ''],
      ['frobnicate', 1, '', 'Unknown command verb frobnicate.'],
    ] as const
    for (const [call, code, stdout, stderr] of cases) {
      const answer = await client.exec(`systemctl ${call}`)
      assert.equal([answer.code, answer.stdout], [code, stdout], call)
      assert.match(answer.stderr, stderr, call)
    }
    await client.end()
  }))

test('a restart is a new invocation, a reload is not, and a changed unit file asks for daemon-reload', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    lay(lab, 'pve1', '/etc/nftables.conf', 'table ip x {\n}\n')
    const show = async (what: string) => (await client.exec(`systemctl show nftables -p ${what} --value`)).stdout.trim()
    await client.exec('systemctl start nftables')
    const first = await show('InvocationID')
    assert.match(first, /^[0-9a-f]{32}$/)
    await client.exec('systemctl reload nftables')
    assert.is(await show('InvocationID'), first)
    await client.exec('systemctl restart nftables')
    assert.is.not(await show('InvocationID'), first)
    assert.equal((await client.exec('nft list table ip x')).stdout, 'table ip x {\n}\n')
    assert.is(await show('NeedDaemonReload'), 'no')
    lay(lab, 'pve1', '/etc/systemd/system/nftables.service.d/quorate.conf', '[Service]\nRestart=on-failure\n')
    assert.is(await show('NeedDaemonReload'), 'yes')
    await client.exec('systemctl daemon-reload')
    assert.is(await show('NeedDaemonReload'), 'no')
    await client.end()
  }))

test('addresses come and go one by one, and each is listed with its device', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const steps = [
      ['ip addr add 10.9.9.9/24 dev vmbr0', 0, ''],
      ['ip addr add 10.9.9.9/24 dev vmbr0', 2, 'RTNETLINK answers: File exists\n'],
      ['ip addr replace 10.9.9.9/24 dev vmbr0', 0, ''],
      ['ip addr add fd00::9/64 dev vmbr0', 0, ''],
      ['ip addr del 10.9.9.9/24 dev vmbr0', 0, ''],
      ['ip addr del 10.9.9.9/24 dev vmbr0', 2, 'RTNETLINK answers: Cannot assign requested address\n'],
      ['ip addr add 10.9.9.9/24 dev vmbr7', 1, 'Cannot find device "vmbr7"\n'],
    ] as const
    for (const [call, code, stderr] of steps) {
      const answer = await client.exec(call)
      assert.equal([answer.code, answer.stderr], [code, stderr], call)
    }
    const list = async (call: string) =>
      (await client.exec(call)).stdout.split('\n').flatMap((line) => / (\S+ +inet6? \S+) /.exec(line)?.[1] ?? [])
    assert.equal(await list('ip -o addr'), [
      'lo    inet 127.0.0.1/8',
      'vmbr0    inet 198.51.100.11/24',
      'vmbr0    inet6 fd00::9/64',
    ])
    assert.equal(await list('ip -o -6 addr show dev vmbr0'), ['vmbr0    inet6 fd00::9/64'])
    assert.equal(await list('ip -o addr show to 198.51.100.11/32'), ['vmbr0    inet 198.51.100.11/24'])
    await client.end()
  }))

test('a timer fires on the lab’s clock after its connection has ended, and not when it was stopped', () =>
  withLab(async (lab) => {
    const at = (name: string) => join(lab.folder('pve1'), 'tmp', name)
    const arm = (name: string) =>
      `systemd-run --quiet --collect --unit=${name} --on-active=20 --timer-property=AccuracySec=100ms /bin/sh -c 'echo "$1" >"$QUORATE_ROOT/tmp/${name}"' x "two  words"`
    const client = await login(lab, addressOf('pve1'))
    const armed = await client.exec(
      `${arm('one')}; ${arm('two')}; systemctl is-active one.timer two.timer; systemctl stop two.timer; ${arm('one')}; echo $?`,
    )
    assert.equal(armed.stdout, 'active\nactive\n1\n')
    assert.match(armed.stderr, 'Unit one.timer was already loaded')
    await client.end()
    assert.not(existsSync(at('one')))
    while (!existsSync(at('one'))) await lab.clock.sleep(1000)
    await lab.clock.sleep(5000)
    assert.equal(readFileSync(at('one'), 'utf8'), 'two  words\n')
    assert.not(existsSync(at('two')))
  }))

test('a connection breaks at exactly the message it was told to, before it is carried out', () =>
  withLab(async (lab) => {
    for (const after of [1, 2, 3]) {
      const client = await quietly(await login(lab, addressOf('pve1')))
      lab.node('pve1').drop({ after })
      const before = lab.node('pve1').messages()
      const answers: string[] = []
      for (let index = 1; index <= 3; index++) {
        const answer = await outcome(client.exec(`echo ${index} >>tmp/done; echo ${index}`))
        answers.push(answer)
        if (answer.startsWith('Error')) break
      }
      assert.equal(answers.length, after)
      assert.match(answers.at(-1)!, 'lost')
      assert.is(lab.node('pve1').messages() - before, after)
    }
    assert.equal(readFileSync(join(lab.folder('pve1'), 'tmp/done'), 'utf8'), '1\n1\n2\n')
  }))

test('a frozen host answers nothing, keepalives neither, and goes on where it was', () =>
  withLab(async (lab) => {
    const client = await quietly(await login(lab, addressOf('pve1')))
    lab.node('pve1').freeze({ after: 1 })
    let answered = false
    const answer = outcome(client.exec('echo done')).finally(() => {
      answered = true
    })
    for (let turn = 0; turn < 20; turn++) await lab.clock.sleep(500)
    assert.not(answered)
    lab.node('pve1').thaw()
    assert.equal(await answer, 'done\n')
    await client.end()
    const { default: ssh2 } = await import('ssh2')
    lab.node('pve1').freeze({ after: 0 })
    const other: Ssh = new ssh2.Client()
    const sock = await lab.dial(addressOf('pve1'), 22)
    const error = await new Promise<Error>((resolve) => {
      other.on('error', resolve)
      other.connect({ sock, username: 'root', privateKey: lab.privateKey, readyTimeout: 300 })
    })
    assert.match(error.message, 'Timed out while waiting for handshake')
    sock.destroy()
  }))

test('a host refuses connections, and fails a command, when it is told to', () =>
  withLab(async (lab) => {
    const node = lab.node('pve1')
    node.refuse()
    assert.match(
      await login(lab, addressOf('pve1')).then(() => '', String),
      /connection|Connection|handshake|ECONNRESET/,
    )
    node.accept()
    const client = await login(lab, addressOf('pve1'))
    node.failNextExec({ exit: 126, stderr: 'Input/output error\n' })
    const failed = await client.exec('touch tmp/ran')
    assert.equal([failed.code, failed.stderr], [126, 'Input/output error\n'])
    assert.not(existsSync(join(node.folder, 'tmp/ran')))
    assert.equal((await client.exec('true')).code, 0)
    await client.end()
  }))

test('a host without power loses its timers and its memory; at boot the guard comes first, then the enabled units', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const node = lab.node('pve1')
    const pve1 = await quietly(clients['pve1']!)
    const id = (await pve1.exec('cat proc/sys/kernel/random/boot_id')).stdout
    lay(
      lab,
      'pve1',
      '/var/lib/quorate/host.sh',
      'test "$1" = guard && ! systemctl is-active --quiet tinc@cluster && echo guarded >"$QUORATE_ROOT/tmp/guard"\n',
    )
    lay(
      lab,
      'pve1',
      '/etc/systemd/system/quorate-guard.service',
      '[Unit]\nConditionPathExists=/var/lib/quorate/host.sh\n\n[Service]\nType=oneshot\nExecStart=/bin/sh /var/lib/quorate/host.sh guard\n',
    )
    await pve1.exec(
      'systemctl enable quorate-guard; systemd-run --on-active=5 --unit=x /bin/sh -c "touch $QUORATE_ROOT/tmp/fired"',
    )
    await node.kill()
    assert.not(node.reachable())
    assert.match(await lab.dial(addressOf('pve1'), 22).then(() => '', String), 'ETIMEDOUT')
    assert.match((await clients['pve2']!.exec('corosync-quorumtool -s')).stdout, /^Nodes: +2$/m)
    assert.not.equal((await clients['pve2']!.exec('ip -o -4 addr show to 10.0.1.1/32')).stdout, '')
    await node.boot()
    await lab.clock.sleep(20_000)
    assert.equal(readFileSync(join(node.folder, 'tmp/guard'), 'utf8'), 'guarded\n')
    assert.not(existsSync(join(node.folder, 'tmp/fired')))
    const again = await login(lab, addressOf('pve1'))
    assert.is.not((await again.exec('cat proc/sys/kernel/random/boot_id')).stdout, id)
    assert.match((await again.exec('corosync-quorumtool -s')).stdout, /^Nodes: +3$/m)
    await again.end()
  }))

test('the packages and folders that the lab needs are there, and one can be taken away', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    assert.equal(
      (await client.exec('test -x usr/sbin/corosync && test -d etc/keepalived && echo there')).stdout,
      'there\n',
    )
    assert.equal((await client.exec('/bin/sh -c "exec test ! -e /etc/keepalived"; echo $?')).stdout.length > 0, true)
    await client.end()
  }))

test('a program sees time pass as on the wall while it runs, by the host’s uptime too', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const up = async () => Number((await client.exec('cut -d " " -f 1 proc/uptime')).stdout)
    const before = await up()
    await client.exec('sleep 2')
    const passed = (await up()) - before
    assert.ok(passed >= 2, String(passed))
    await client.end()
  }))

test.run()
