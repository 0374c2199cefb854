// The browser gives the focus with its first frame; whoever types faster would lose letters.
"use strict";

document.querySelector("[autofocus]")?.focus();
