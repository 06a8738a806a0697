/** Where things are on a host: most of it is where Debian's packages look for it. */

export const configFile = '/etc/prometheus/prometheus.yml'
export const rulesFile = '/etc/prometheus/quorate.rules.yml'
/** Beside the rules, and not read by Prometheus. */
export const ruleTestsFile = '/etc/prometheus/quorate.rules.test.yml'
export const alertmanagerFile = '/etc/prometheus/alertmanager.yml'
/** What facts.sh is to find out, and the script: below /etc, where checkers see staged files. */
export const askedFile = '/etc/quorate/facts'
export const scriptFile = '/etc/quorate/facts.sh'
/** What it found out: node exporter of Debian reads every *.prom there. */
export const textfileFolder = '/var/lib/prometheus/node-exporter'
export const factsFile = `${textfileFolder}/quorate.prom`
