"""Which names are left out when nobody says anything: caches, build output, junk.

Likely secrets are listed in `converters/secrets.py`, as archives hold some, too. All lists are in
.gitignore syntax, except for those that say otherwise.
"""

from __future__ import annotations

# The version control systems' own data: never indexed either.
VERSION_CONTROL = """
.git
.hg
.svn
.bzr
.jj
.sl
CVS/
_darcs/
.pijul/
.fslckout
"""

# Left out unless an ignore file or the user takes them back with `!`.
DEFAULTS = """
node_modules/
bower_components/
jspm_packages/
.pnpm-store/
.yarn/
.npm/
.next/
.nuxt/
.output/
.svelte-kit/
.astro/
.parcel-cache/
.turbo/
.angular/
.vite/
.expo/
.docusaurus/
.serverless/
.vercel/
.netlify/
.nyc_output/

__pycache__/
__pypackages__/
.venv/
venv/
virtualenv/
site-packages/
.tox/
.nox/
.eggs/
*.egg-info/
.mypy_cache/
.pytest_cache/
.ruff_cache/
.pytype/
.pyre/
.hypothesis/
.ipynb_checkpoints/
*.pyc
*.pyo
*.pyd

.gradle/
.m2/
.ivy2/
.bloop/
.metals/
.cargo/
.rustup/
.stack-work/
dist-newstyle/
.bundle/
.dart_tool/
.pub-cache/
.terraform/
.terragrunt-cache/
.vagrant/
.direnv/
.nix-profile
.ccls-cache/
.clangd/
CMakeFiles/
bazel-bin
bazel-out
bazel-testlogs
.build/
DerivedData/
xcuserdata/
Pods/
_site/
.sass-cache/
.jekyll-cache/
htmlcov/
.coverage
*.class
*.o
*.obj
*.lo
*.la
*.a
*.so
*.dylib
*.dll
*.pdb
*.ilk
*.elc
*.beam
*.hi
*.rlib
*.rmeta
*.gcda
*.gcno
*.whl
*.nupkg

.cache/
.ccache/
.thumbnails/
.local/
.var/
.tmp/
.Trash/
.Trash-*/
.Trashes/
.Spotlight-V100/
.fseventsd/
.TemporaryItems/
.DocumentRevisions-V100/
.AppleDouble/
.DS_Store
._*
Thumbs.db
ehthumbs.db
desktop.ini
$RECYCLE.BIN/
System Volume Information/
lost+found/
.snapshots/
.zfs/
@eaDir/
.stversions/
.stfolder/
.dropbox.cache/
.sync/

*~
*.swp
*.swo
*.swn
*.tmp
*.temp
*.bak
*.orig
*.rej
*.part
*.partial
*.crdownload
*.download
~$*
.~lock.*#
\\#*#
.#*
*.lock
*.lockb
*.pid
package-lock.json
npm-shrinkwrap.json
pnpm-lock.yaml
packages.lock.json
go.sum
cabal.project.freeze
gradle.lockfile
Package.resolved
.terraform.lock.hcl

*.min.js
*.min.mjs
*.min.css
*.bundle.js
*.chunk.js
*.chunk.css
*.js.map
*.css.map
*.mjs.map
*.d.ts.map
*.pb.go
*_pb2.py
*_pb2_grpc.py
*.g.dart
*.freezed.dart
*.designer.cs
*.snap
"""

# Whole-machine roots only: these folders hold no files of the user. Relative to `/`.
SYSTEM = """
/proc/
/sys/
/dev/
/run/
"""

# By the value of sys.platform, relative to the user's home: the programs' own data.
HOME = {"darwin": "/Library/\n", "win32": "/AppData/\n"}

# Names that start with a dot and are looked at all the same (plain names, not patterns).
VISIBLE = frozenset({
    ".github", ".gitlab", ".gitea", ".forgejo", ".circleci", ".woodpecker", ".buildkite",
    ".devcontainer", ".storybook", ".changeset", ".well-known",
    ".gitlab-ci.yml", ".travis.yml", ".appveyor.yml", ".drone.yml", ".woodpecker.yml",
    ".pre-commit-config.yaml", ".readthedocs.yaml", ".readthedocs.yml", ".goreleaser.yml",
    ".goreleaser.yaml", ".golangci.yml", ".golangci.yaml", ".cursorrules", ".mailmap",
    ".env.example", ".env.sample", ".env.template", ".env.dist", ".env.schema",
})  # fmt: skip

# A folder that holds one of these files (plain names) is a cache or an environment by its own word:
# https://bford.info/cachedir/ and PEP 405.
GENERATED_MARKERS = {"CACHEDIR.TAG": "a cache", "pyvenv.cfg": "a Python environment"}

# Outside a repository no .gitignore tells output from source, so these folders (plain names) are
# left out where the tool's own project file stands beside them, and nowhere else.
BUILD_OUTPUT = {
    "package.json": frozenset({"build", "dist", "out", "coverage"}),
    "pyproject.toml": frozenset({"build", "dist"}),
    "setup.py": frozenset({"build", "dist"}),
    "Cargo.toml": frozenset({"target"}),
    "pom.xml": frozenset({"target"}),
    "build.sbt": frozenset({"target"}),
    "project.clj": frozenset({"target"}),
    "build.gradle": frozenset({"build"}),
    "build.gradle.kts": frozenset({"build"}),
    "CMakeLists.txt": frozenset({"build"}),
    "meson.build": frozenset({"build", "builddir"}),
    "pubspec.yaml": frozenset({"build"}),
    "mix.exs": frozenset({"_build", "deps"}),
    "dune-project": frozenset({"_build"}),
    "build.zig": frozenset({"zig-out", "zig-cache"}),
    "composer.json": frozenset({"vendor"}),
}
