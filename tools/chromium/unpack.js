// Unpacks Chromium, its fonts and libraries into TMPDIR, and prints where the browser is.
import chromium from "@sparticuz/chromium";

console.log(await chromium.executablePath());
