"""A page of the playground in a real browser, for the tests: it fails where anything is complained about or asked."""

import nn


class Pages:
    """Opens pages; `close` checks that none complained or asked anything of the network."""

    def __init__(self, chromium, folder):
        self.chromium, self.path = chromium, folder / "playground.html"
        self.contexts, self.complaints, self.requests = [], [], []

    def open(self, X=None, y=None, fragment="", **options):
        nn.playground(X, y, path=self.path, show=False)
        settings = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"}
        context = self.chromium.new_context(**{**settings, **options})
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self.asked)
        page.goto(self.path.as_uri() + fragment)
        return page

    def asked(self, request):
        if request.url.partition("#")[0] != self.path.as_uri():
            self.requests.append(request.url)

    def close(self):
        for context in self.contexts:
            context.close()
        assert self.complaints == []
        assert self.requests == []


def put(page, **settings):
    """Set several settings; an underscore in a name is a space."""
    for name, value in settings.items():
        page.evaluate("([name, value]) => playground.set(name, value)", [name.replace("_", " "), value])


def layers(page, *widths):
    while len(page.evaluate("playground.state().layers")) > 2 + len(widths):
        page.get_by_role("button", name="Remove layer").click()
    for k, width in enumerate(widths):
        page.evaluate("([name, n]) => playground.set(name, n)", [f"Neurons in layer {k + 1}", width])
