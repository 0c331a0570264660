// libuv as it is; only what Swift cannot import (variadics, macros) is wrapped here.
#pragma once
#include <uv.h>
