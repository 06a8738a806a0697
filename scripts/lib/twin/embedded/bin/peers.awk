# What a tincd knows of its VPN, from its tinc.conf and the files in hosts/: "HOST PORT KEY KNOWN TOLD" for each host, first for itself (its
# name is given as `own`). "-" for what is not there; KNOWN: there is a file for it; TOLD: it has to be connected to. Of two files for one
# host the first counts.

FNR == 1 {
  inKey = 0
  host = ""
  if (FILENAME ~ /\/hosts\/[^\/]*$/) {
    host = FILENAME
    sub(/.*\//, "", host)
    isSecond = (host in known)
    known[host] = 1
    names[host] = 1
  }
}

host == "" && $1 == "ConnectTo" { told[$3] = 1; names[$3] = 1 }
host == "" || isSecond { next }
$1 == "Port" { port[host] = $3 }
/^-----BEGIN/ { inKey = 1 }
inKey { key[host] = key[host] $0 }
/^-----END/ { inKey = 0 }

END {
  tell(own)
  for (host in names) if (host != own) tell(host)
}

function tell(host) {
  print host, (host in port) ? port[host] : "-", (host in key) ? sum(key[host]) : "-", (host in known) ? "yes" : "no", (host in told) ? "yes" : "no"
}

# A key is only ever compared, by programs that read byte by byte: a number stands for it.
function sum(text,   i, total) {
  for (i = 1; i <= length(text); i++) total = (total * 131 + index(letters, substr(text, i, 1))) % 2147483647
  return sprintf("%.0f", total)
}

BEGIN {
  letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=- "
}
