// PCRE2, 8-bit library. The width macro must be set before the header is read.
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
