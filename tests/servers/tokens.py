"""A token server as Microsoft's and Google's look from outside, which follows a script."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.parse

import trustme
from servers.scripted import Scripted, answer

TENANT = "clinic.example"


class TokenServer(Scripted):
    """Gives out numbered tokens over TLS; `refusals` are answered first, one a request."""

    def __init__(self, authority: trustme.CA) -> None:
        self.given = 0
        self.refusals: list[tuple[str, dict]] = []
        self.scope = "https://outlook.office365.com/IMAP.AccessAsUser.All"
        self.forms: list[dict[str, str]] = []
        """What was posted to the token endpoint."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        super().__init__(self._speak, context)

    @property
    def latest(self) -> str:
        return f"token-{self.given}"

    def _speak(self, conn) -> None:
        head = self.read_request(conn).decode()
        if head.strip():
            target = head.split(" ")[1].partition("?")[0]
            form = dict(urllib.parse.parse_qsl(head.partition("\r\n\r\n")[2]))
            status, told = self._told(target, form)
            conn.sendall(answer(status, json.dumps(told).encode(), "Connection: close"))

    def _told(self, target: str, form: dict[str, str]) -> tuple[str, dict]:
        base = f"{self.url}/{TENANT}"
        if target.endswith("/openid-configuration"):
            return "200 OK", {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            }
        if target.endswith("/devicecode"):
            return "200 OK", {
                "user_code": "ABCD-EFGH",
                "device_code": "device",
                "verification_uri": "https://login.example/device",
                "expires_in": 900,
                "interval": 0,
                "message": "Open https://login.example/device and enter ABCD-EFGH",
            }
        self.forms.append(form)
        if self.refusals:
            return self.refusals.pop(0)
        self.given += 1
        who = base64.urlsafe_b64encode(b'{"uid": "person", "utid": "tenant"}').decode()
        whose = {} if form.get("grant_type") == "client_credentials" else {"client_info": who}
        return "200 OK", {
            "token_type": "Bearer",
            "access_token": self.latest,
            "refresh_token": f"refresh-{self.given}",
            "expires_in": 3600,
            "scope": form.get("scope", self.scope),
        } | whose
