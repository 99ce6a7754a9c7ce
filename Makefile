# Two commands matter: `make run` shows the system at work, `make test` proves it.
# Both install what is missing (scripts/setup); nothing else is needed beforehand but git, make, cargo and Node.js.

.DEFAULT_GOAL := help
.PHONY: help run test bench soak elsewhere package packages

help: ## Show the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: ## Build and open the demonstration (ORG=okta, entra or identity-center)
	@ORG="$(ORG)" exec scripts/run

test: ## Run every check and test
	@scripts/test

bench: ## Measure the release build beside what people use instead (WRITE=1: into the README)
	@WRITE="$(WRITE)" scripts/bench

soak: ## Run kills, races and fuzz targets for a long time (MINUTES=30)
	@MINUTES="$(MINUTES)" scripts/soak

elsewhere: ## Compile for macOS and Windows, and run the command's journeys under Wine
	@scripts/elsewhere/run

package: ## Make and check a .deb, an .rpm, a bill of materials and checksums
	@scripts/package

packages: ## Print the Debian packages that a build and the tests need
	@scripts/setup --list
