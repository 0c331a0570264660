// libyaml; its events are unions, of which Swift sees one member each.
#pragma once
#include <yaml.h>
