import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { configured, corosyncConf, lay } from './configure.ts'
import { login } from './client.ts'
import { addressOf, interfacesOf, nodes, withLab } from './small-lab.ts'

const facts = 'corosync-quorumtool -s | sed -n "s/^Nodes: *//p; s/^Quorate: *//p; s/^Total votes: *//p"'
const ring = 'corosync-quorumtool -s | sed -n "s/^Ring ID: *//p"'

test('three nodes are one quorate cluster: same ring id, same members, one owner of the router’s address', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const ask = async (command: string) =>
      Promise.all(nodes.map(async (node) => (await clients[node]!.exec(command)).stdout))
    assert.equal(new Set(await ask(ring)).size, 1)
    assert.equal(await ask(facts), ['3\nYes\n3\n', '3\nYes\n3\n', '3\nYes\n3\n'])
    const shown = await clients['pve1']!.exec('corosync-quorumtool -s')
    assert.equal(shown.code, 0)
    assert.match(shown.stdout, /^Date: {13}[A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3]\d \d\d:\d\d:\d\d 20\d\d$/m)
    assert.match(shown.stdout, /^Expected votes: {3}3$/m)
    assert.match(shown.stdout, /^ {9}1 {10}1 pve1 \(local\)\n {9}2 {10}1 pve2\n {9}3 {10}1 pve3$/m)
    const owners = await ask('ip -o -4 addr show to 10.0.1.1/32')
    assert.equal(
      owners.map((text) => text !== ''),
      [true, false, false],
    )
    assert.match((await ask('bridge link show dev services'))[0]!, ' master vmbr1 ')
    for (const client of Object.values(clients)) await client.end()
  }))

test('a node whose VPN stops is out, the other two stay quorate, and back it is a new and higher ring', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const ask = async (node: string, command: string) => (await clients[node]!.exec(command)).stdout
    const before = await ask('pve1', ring)
    await ask('pve3', 'systemctl stop tinc@cluster')
    assert.equal(await ask('pve3', `${facts}; corosync-quorumtool -s >out; echo $?`), '1\nNo\n1\n2\n')
    assert.match(await ask('pve3', 'cat out'), /^Quorum: +2 Activity blocked$/m)
    assert.equal(await ask('pve1', facts), '2\nYes\n2\n')
    const during = await ask('pve1', ring)
    await ask('pve3', 'systemctl start tinc@cluster')
    const after = await ask('pve3', ring)
    assert.equal(await ask('pve1', ring), after)
    const number = (text: string) => Number.parseInt(text.split('.')[1] ?? '', 16)
    assert.ok(number(before) < number(during) && number(during) < number(after), `${before}${during}${after}`)
    // A restart of the VPN is over before the token is lost; one of corosync is not.
    await ask('pve2', 'systemctl restart tinc@cluster')
    assert.equal(await ask('pve1', ring), after)
    await ask('pve2', 'systemctl restart corosync')
    assert.ok(number(await ask('pve1', ring)) > number(after))
    for (const client of Object.values(clients)) await client.end()
  }))

test('a ring of a higher config_version, and a VPN whose keys do not match, are not joined', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const ask = async (node: string, command: string) => (await clients[node]!.exec(command)).stdout
    for (const node of ['pve1', 'pve3']) lay(lab, node, '/etc/corosync/corosync.conf', corosyncConf(2))
    assert.equal(await ask('pve1', 'corosync-cfgtool -R'), 'Reloading corosync.conf...\nDone\n')
    assert.equal(await ask('pve2', facts), '1\nNo\n1\n')
    assert.equal(await ask('pve2', 'systemctl restart corosync; echo $?'), '1\n')
    lay(lab, 'pve2', '/etc/corosync/corosync.conf', corosyncConf(3))
    await ask('pve2', 'systemctl start corosync')
    assert.equal(await ask('pve2', facts), '3\nYes\n3\n')
    for (const node of ['pve1', 'pve3']) lay(lab, node, '/etc/corosync/corosync.conf', corosyncConf(3))
    await ask('pve1', 'corosync-cfgtool -R')
    assert.equal(await ask('pve1', facts), '3\nYes\n3\n')
    const file = '/etc/tinc/cluster/hosts/pve1'
    const good = readFileSync(join(lab.folder('pve1'), file), 'utf8')
    for (const node of ['pve2', 'pve3']) {
      lay(lab, node, file, `${good}-----BEGIN RSA PUBLIC KEY-----\nanother\n-----END RSA PUBLIC KEY-----\n`)
      await ask(node, 'systemctl reload tinc@cluster')
    }
    assert.equal(await ask('pve1', 'ping -c 1 -W 2 10.0.0.12 >/dev/null; echo $?'), '1\n')
    assert.equal(await ask('pve1', facts), '1\nNo\n1\n')
    for (const client of Object.values(clients)) await client.end()
  }))

test('asked at the same moment after a change, all members name the same new ring', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const rings = async () =>
      Promise.all(
        [...nodes, ...nodes].map(async (node) => (await clients[node]!.exec('corosync-quorumtool -s')).stdout),
      ).then((texts) => texts.map((text) => Number.parseInt(/^Ring ID: +1\.([0-9a-f]+)$/m.exec(text)?.[1] ?? '', 16)))
    let last = 0
    for (let turn = 0; turn < 3; turn++) {
      const seen = new Set(await rings())
      assert.is(seen.size, 1, [...seen].join(' '))
      assert.ok([...seen][0]! > last, `${[...seen].join(' ')} after ${last}`)
      last = [...seen][0]!
      assert.equal([...new Set(await rings())], [last])
      await clients['pve2']!.exec('systemctl restart corosync')
    }
    for (const client of Object.values(clients)) await client.end()
  }))

test('a VPN is one where either end is told to connect to the other and knows its port', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const ping = async (to: string) => (await clients['pve1']!.exec(`ping -c 1 -W 2 ${to} >/dev/null; echo $?`)).stdout
    const conf = (peers: string) => lay(lab, 'pve1', '/etc/tinc/cluster/tinc.conf', `Name = pve1\n${peers}`)
    const reload = (node: string) => clients[node]!.exec('systemctl reload tinc@cluster')
    conf('')
    await reload('pve1')
    // pve2 and pve3 are told to connect.
    assert.equal(await ping('10.0.0.12'), '0\n')
    for (const node of ['pve1', 'pve2']) lay(lab, node, '/etc/tinc/cluster/hosts/pve1', 'Port = 655\n')
    lay(lab, 'pve2', '/etc/tinc/cluster/hosts/pve1', 'Port = 700\n')
    await reload('pve2')
    assert.equal(await ping('10.0.0.12'), '1\n')
    assert.equal(await ping('10.0.0.13'), '0\n')
    conf('ConnectTo = pve2\n')
    await reload('pve1')
    assert.equal(await ping('10.0.0.12'), '0\n')
    // The own port is read at the start only.
    lay(lab, 'pve1', '/etc/tinc/cluster/hosts/pve1', 'Port = 700\n')
    conf('')
    await reload('pve1')
    assert.equal(await ping('10.0.0.12'), '1\n')
    await clients['pve1']!.exec('systemctl restart tinc@cluster')
    assert.equal(await ping('10.0.0.12'), '0\n')
    for (const client of Object.values(clients)) await client.end()
  }))

test('the router’s address is that of the highest host that is heard, and pings reach it there', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const ask = async (command: string) =>
      Promise.all(nodes.map(async (node) => (await clients[node]!.exec(command)).stdout))
    const owners = async () => (await ask('ip -o -4 addr show to 10.0.1.1/32')).map((text) => text !== '')
    const pings = () => ask('ping -c 1 -W 2 10.0.1.1 >/dev/null; echo $?')
    await clients['pve1']!.exec('systemctl stop keepalived')
    assert.equal(await owners(), [false, true, false])
    assert.equal(await pings(), ['0\n', '0\n', '0\n'])
    // Nobody hears pve3 any more, which takes the address too.
    await clients['pve3']!.exec('systemctl stop tinc@services')
    assert.equal(await owners(), [false, true, true])
    for (const node of ['pve2', 'pve3']) await clients[node]!.exec('systemctl stop keepalived')
    assert.equal(await pings(), ['1\n', '1\n', '1\n'])
    for (const client of Object.values(clients)) await client.end()
  }))

test('a host that gives up its gateway is cut off, and one that gives up one of two families is not', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const pve1 = clients['pve1']!
    const sim = (file: string) => join(lab.folder('pve1'), 'run/sim', file)
    const file = interfacesOf('pve1')
    writeFileSync(sim('public'), 'vmbr0 198.51.100.11/24\nvmbr0 2001:db8::11/64\n')
    writeFileSync(sim('gateways'), '198.51.100.1\n2001:db8::1\n')
    const six = 'iface vmbr0 inet6 static\n  address 2001:db8::11/64 # the second\n'
    lay(lab, 'pve1', '/etc/network/interfaces', `${file}${six}  gateway 2001:db8::1  # beside it\n`)
    await pve1.exec('ifreload -a')
    assert.equal(readFileSync(sim('dead'), 'utf8'), '')
    lay(lab, 'pve1', '/etc/network/interfaces', `${file}${six}`)
    await pve1.exec('ifreload -a')
    assert.equal(readFileSync(sim('dead'), 'utf8'), '2001:db8::11\n')
    assert.ok(lab.node('pve1').reachable())
    for (const client of Object.values(clients)) client.sftp.on('error', () => {})
    lay(lab, 'pve1', '/etc/network/interfaces', file.replace(/ +gateway .*\n/, ''))
    await pve1.exec('ifreload -a').catch(() => {})
    while (lab.node('pve1').reachable()) await lab.clock.sleep(10)
    assert.equal(readFileSync(sim('dead'), 'utf8'), '198.51.100.11\n2001:db8::11\n')
    for (const node of ['pve2', 'pve3']) await clients[node]!.end()
  }))

test('what is asked again and again starts no other program', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    await clients['pve2']!.exec('corosync-quorumtool -s')
    const questions = [
      'corosync-quorumtool -s',
      'ping -c 1 10.0.0.13',
      'ping -c 1 10.0.1.1',
      'ip -o addr show dev vmbr1',
      'bridge link show dev services',
      'systemctl is-active corosync',
      'sync run/sim/on',
    ]
    for (const question of questions) {
      const bare = `program=$(command -v ${question.split(' ')[0]}) && PATH=/nonexistent && "$program" ${question.replace(/^\S+/, '')}`
      const [usual, alone] = [await clients['pve2']!.exec(question), await clients['pve2']!.exec(bare)]
      const undated = (text: string) => text.replace(/^Date: .*$/m, '')
      assert.equal([alone.code, undated(alone.stdout), alone.stderr], [0, undated(usual.stdout), ''], question)
    }
    for (const client of Object.values(clients)) await client.end()
  }))

test('who hears nobody takes part in no sync: whoever starts meanwhile goes by its own config_version, not by theirs', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const ask = async (node: string, command: string) => (await clients[node]!.exec(command)).stdout
    const hasty = corosyncConf(2).replace('cluster_name: small\n', 'cluster_name: small\n  token: 1000\n')
    for (const node of nodes) lay(lab, node, '/etc/corosync/corosync.conf', hasty)
    await ask('pve1', 'corosync-cfgtool -R')
    for (const node of nodes) writeFileSync(join(lab.folder(node), 'run/sim/latency'), '2000\n')
    assert.equal(await ask('pve1', facts), '1\nNo\n1\n')
    for (const node of ['pve2', 'pve1', 'pve3']) {
      lay(lab, node, '/etc/corosync/corosync.conf', corosyncConf(3))
      await ask(node, 'systemctl restart corosync')
      assert.equal(await ask(node, 'cat "$QUORATE_ROOT/run/sim/loaded/corosync.identity"'), 'small/3\n', node)
    }
    assert.equal(await ask('pve2', facts), '3\nYes\n3\n')
    for (const client of Object.values(clients)) await client.end()
  }))

test('pmxcfs takes a new corosync.conf to every node, and none with a lower version', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const local = (node: string) => readFileSync(join(lab.folder(node), 'etc/corosync/corosync.conf'), 'utf8')
    const write = (version: number) =>
      clients['pve1']!.exec(
        'cat >etc/pve/corosync.conf.new && mv etc/pve/corosync.conf.new etc/pve/corosync.conf',
        corosyncConf(version),
      )
    await write(5)
    assert.equal(nodes.map(local), [corosyncConf(5), corosyncConf(5), corosyncConf(5)])
    const version = async () => (await clients['pve3']!.exec('corosync-cmapctl -g totem.config_version')).stdout
    while ((await version()) !== 'totem.config_version (u64) = 5\n') await lab.clock.sleep(500)
    await write(4)
    assert.equal(local('pve2'), corosyncConf(5))
    for (const client of Object.values(clients)) await client.end()
  }))

test('a node that gives up its public address is cut off, and its own timer brings it back', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    for (const client of Object.values(clients)) client.sftp.on('error', () => {})
    const pve2 = clients['pve2']!
    await pve2.exec(
      'cp etc/network/interfaces keep; systemd-run --on-active=30 --unit=back /bin/sh -c "cp \\$QUORATE_ROOT/keep \\$QUORATE_ROOT/etc/network/interfaces; ifreload -a"',
    )
    lay(lab, 'pve2', '/etc/network/interfaces', interfacesOf('pve2', '203.0.113.99'))
    const lost = await pve2.exec('ifreload -a').then(() => '', String)
    if (lost === '') while (lab.node('pve2').reachable()) await lab.clock.sleep(10)
    assert.match(await lab.dial(addressOf('pve2'), 22).then(() => '', String), 'ETIMEDOUT')
    assert.equal((await clients['pve1']!.exec(facts)).stdout, '2\nYes\n2\n')
    while (!lab.node('pve2').reachable()) await lab.clock.sleep(500)
    const again = await login(lab, addressOf('pve2'))
    assert.equal((await again.exec(facts)).stdout, '3\nYes\n3\n')
    await again.end()
  }))

test('ifreload takes a tap out of its bridge unless it is listed or condoned', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const port = async () => (await clients['pve1']!.exec('ifreload -a; bridge link show dev services')).stdout
    assert.match(await port(), 'master vmbr1')
    const bare = interfacesOf('pve1').replace('bridge-ports services', 'bridge-ports none')
    lay(lab, 'pve1', '/etc/network/interfaces', bare)
    assert.match(await port(), 'master vmbr1')
    lay(lab, 'pve1', '/etc/network/interfaces', bare.replace(/ *bridge-ports-condone-regex.*\n/, ''))
    assert.equal(await port(), '')
    for (const client of Object.values(clients)) await client.end()
  }))

test('names are answered by the dnsmasq that runs there, from what it loaded', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    lay(lab, 'dns1', '/etc/dnsmasq.conf', 'domain=example.lab\nexpand-hosts\naddn-hosts=/etc/dnsmasq.hosts\n')
    lay(lab, 'dns1', '/etc/dnsmasq.hosts', '10.0.1.53 dns1\n')
    const ask = async (name: string) =>
      (await clients['pve1']!.exec(`dig +short +time=2 +tries=1 @10.0.1.53 ${name}; echo $?`)).stdout
    assert.match(await ask('dns1.example.lab'), /connection refused\n.*\n9\n$/)
    const { run } = await guest(lab, clients['pve1']!.ssh)
    await run('systemctl start dnsmasq')
    assert.equal(await ask('dns1.example.lab'), '10.0.1.53\n0\n')
    lay(lab, 'dns1', '/etc/dnsmasq.hosts', '10.0.1.53 dns1\n10.0.1.21 vdi1\n')
    assert.equal(await ask('vdi1.example.lab'), '0\n')
    await run('systemctl reload dnsmasq')
    assert.equal(await ask('vdi1.example.lab'), '10.0.1.21\n0\n')
    assert.equal((await clients['pve3']!.exec('dig +short @10.0.1.53 vdi1')).stdout, '10.0.1.21\n')
    for (const client of Object.values(clients)) await client.end()
  }))

async function guest(lab: Parameters<typeof login>[0], jump: import('ssh2').Client) {
  const sock = await new Promise<import('ssh2').ClientChannel>((resolve, reject) => {
    jump.forwardOut('127.0.0.1', 0, '10.0.1.53', 22, (error, channel) => (error ? reject(error) : resolve(channel)))
  })
  const client = await login(lab, '10.0.1.53', sock)
  return { run: async (command: string) => (await client.exec(command)).stdout }
}

test('checkers accept a file and refuse a planted one with their daemon’s own exit code', () =>
  withLab(async (lab) => {
    const client = await login(lab, addressOf('pve1'))
    const checkers = [
      ['corosync -t -c', 8],
      ['keepalived -t -f', 5],
      ['dnsmasq --test -C', 1],
      ['nft -c -f', 1],
      ['ifup -a -s -i', 1],
    ] as const
    lay(lab, 'pve1', '/tmp/good', 'anything\n')
    lay(lab, 'pve1', '/tmp/bad', 'anything\n# embedded: refuse\n')
    for (const [checker, code] of checkers) {
      assert.equal((await client.exec(`${checker} /tmp/good`)).code, 0, checker)
      const bad = await client.exec(`${checker} /tmp/bad`)
      assert.equal(bad.code, code, checker)
      assert.not.equal(bad.stderr, '', checker)
    }
    assert.equal((await client.exec('keepalived -t -f /tmp/missing')).code, 0)
    assert.equal((await client.exec('dnsmasq --test -C /tmp/missing')).code, 3)
    await client.end()
  }))

test('units that read a broken file fail as their daemons do', () =>
  withLab(async (lab) => {
    const clients = await configured(lab)
    const pve1 = clients['pve1']!
    lay(lab, 'pve1', '/etc/tinc/cluster/tinc.conf', 'Name = pve1\nConnectTo\n')
    // A reload with a broken tinc.conf ends tincd, and systemctl has only sent a signal.
    assert.equal(
      (await pve1.exec('systemctl reload tinc@cluster; echo $?; systemctl is-active tinc@cluster; echo $?')).stdout,
      '0\nfailed\n3\n',
    )
    assert.equal((await pve1.exec('ip -o addr show dev cluster')).stderr, 'Device "cluster" does not exist.\n')
    lay(lab, 'pve1', '/etc/keepalived/keepalived.conf', 'vrrp_instance x {\n  interface vmbr9\n}\n')
    assert.equal((await pve1.exec('systemctl restart keepalived; echo $?')).stdout, '1\n')
    assert.match((await pve1.exec('journalctl -u keepalived')).stdout, "vmbr9 for vrrp_instance doesn't exist")
    for (const client of Object.values(clients)) await client.end()
  }))

test.run()
