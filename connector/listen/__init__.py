"""Take lines from phone systems over TCP and put them on disk, for a source to read.

Phone systems send each call once, to whoever is there: no answer, no second try. So this is a
process of its own, small enough never to be restarted with the daemon. `lines` cuts the stream,
`spool` keeps it, `server` holds the connections, `status` tells how it goes.
"""
