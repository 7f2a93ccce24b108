// A CUDA driver, and its compiler, for computers without a card. It computes nothing: device memory is
// the host's, a launch reads its arguments, and every call is held against the rules of cuda.h. A call
// that breaks one prints `BROKEN:` and ends the process; what is alive when the process ends is printed.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID = 1, NO_MEMORY = 2, NOT_FOUND = 500, NEWS = 4711 };
enum { CONTEXT = 1, STREAM, EVENT, MODULE, MEMORY, PINNED, GRAPH, EXEC, KINDS };
static const char *names[] = {"", "context", "stream", "event", "module", "memory", "pinned", "graph", "exec"};

typedef struct Thing {
    int kind, alive, launches;
    int capturing; // of a stream; of a function, that it takes nothing
    size_t bytes;
    unsigned char *data;
    struct Thing *next;
} Thing;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Thing *things;
static int retained;
static __thread Thing *current;
static Thing *primary;

#define BROKEN(...) do { fprintf(stderr, "BROKEN: " __VA_ARGS__); fputc('\n', stderr); _exit(77); } while (0)
extern void _exit(int);

static Thing *make(int kind, size_t bytes) {
    Thing *t = calloc(1, sizeof *t);
    t->kind = kind, t->alive = 1, t->bytes = bytes;
    if (bytes) t->data = malloc(bytes);
    pthread_mutex_lock(&lock);
    t->next = things, things = t;
    pthread_mutex_unlock(&lock);
    return t;
}

static Thing *alive(void *p, int kind, const char *call) {
    pthread_mutex_lock(&lock);
    Thing *t = things;
    while (t && t != p) t = t->next;
    pthread_mutex_unlock(&lock);
    if (!t) BROKEN("%s: %p is no handle", call, p);
    if (t->kind != kind) BROKEN("%s: a %s for a %s", call, names[t->kind], names[kind]);
    if (!t->alive) BROKEN("%s: this %s is gone", call, names[kind]);
    return t;
}

static void end(void *p, int kind, const char *call) {
    Thing *t = alive(p, kind, call);
    t->alive = 0;
    free(t->data);
    t->data = NULL;
}

static void bound(const char *call) {
    if (!current || !current->alive) BROKEN("%s: no context is current on this thread", call);
}

// The block that holds `bytes` bytes from `p` on.
static Thing *block(unsigned long long p, size_t bytes, const char *call) {
    pthread_mutex_lock(&lock);
    Thing *t = things;
    while (t && !(t->kind == MEMORY && t->alive && p >= (size_t)t->data
                  && p + bytes <= (size_t)t->data + t->bytes)) t = t->next;
    pthread_mutex_unlock(&lock);
    if (!t) BROKEN("%s: %zu bytes from %llx are in no block", call, bytes, p);
    return t;
}

__attribute__((destructor)) static void report(void) {
    int counts[KINDS] = {0};
    for (Thing *t = things; t; t = t->next) counts[t->kind] += t->alive;
    for (int k = STREAM; k < KINDS; k++)
        if (counts[k]) fprintf(stderr, "ALIVE: %d %s\n", counts[k], names[k]);
    if (retained) fprintf(stderr, "ALIVE: %d context\n", retained);
}

int cuInit(unsigned flags) { return flags ? INVALID : OK; }
int cuDriverGetVersion(int *v) { *v = 13000; return OK; }
int cuDeviceGetCount(int *n) { *n = 2; return OK; }
int cuDeviceGet(int *d, int i) { *d = i; return i < 2 ? OK : 101; }
int cuDeviceGetName(char *name, int len, int d) { (void)d; memset(name, 'x', len); return OK; }
int cuDeviceTotalMem_v2(size_t *n, int d) { (void)d; *n = 64 << 20; return OK; }
int cuDeviceGetAttribute(int *v, int which, int d) {
    (void)d;
    *v = which == 75 ? 9 : which == 76 ? 0 : 1024;
    return OK;
}
int cuGetErrorString(unsigned e, const char **s) { *s = "fake words"; return e == NEWS ? INVALID : OK; }
int cuGetErrorName(unsigned e, const char **s) { *s = "FAKE_NAME"; return e == NEWS ? INVALID : OK; }

int cuDevicePrimaryCtxRetain(void **c, int d) {
    (void)d;
    pthread_mutex_lock(&lock);
    retained++;
    pthread_mutex_unlock(&lock);
    if (!primary) primary = make(CONTEXT, 0);
    *c = primary;
    return OK;
}
int cuDevicePrimaryCtxRelease_v2(int d) {
    (void)d;
    pthread_mutex_lock(&lock);
    if (--retained < 0) BROKEN("the context was released more often than retained");
    pthread_mutex_unlock(&lock);
    return OK;
}
int cuCtxSetCurrent(void *c) { current = alive(c, CONTEXT, "cuCtxSetCurrent"); return OK; }

int cuStreamCreate(void **s, unsigned flags) { bound("cuStreamCreate"); (void)flags; *s = make(STREAM, 0); return OK; }
int cuStreamDestroy_v2(void *s) { end(s, STREAM, "cuStreamDestroy"); return OK; }
int cuStreamSynchronize(void *s) {
    if (alive(s, STREAM, "cuStreamSynchronize")->capturing) BROKEN("a stream that captures was waited for");
    return getenv("FAKE_NEWS") ? NEWS : OK;
}
int cuStreamBeginCapture_v2(void *s, int mode) {
    (void)mode;
    Thing *t = alive(s, STREAM, "cuStreamBeginCapture");
    if (t->capturing) return INVALID;
    t->capturing = 1, t->launches = 0;
    return OK;
}
int cuStreamEndCapture(void *s, void **g) {
    Thing *t = alive(s, STREAM, "cuStreamEndCapture");
    if (!t->capturing) BROKEN("no capture to end");
    t->capturing = 0;
    Thing *graph = make(GRAPH, 0);
    graph->launches = t->launches;
    *g = graph;
    return OK;
}
int cuGraphInstantiateWithFlags(void **e, void *g, unsigned long long flags) {
    (void)flags;
    Thing *exec = make(EXEC, 0);
    exec->launches = alive(g, GRAPH, "cuGraphInstantiate")->launches;
    *e = exec;
    return OK;
}
int cuGraphLaunch(void *e, void *s) {
    alive(e, EXEC, "cuGraphLaunch"), alive(s, STREAM, "cuGraphLaunch");
    return OK;
}
int cuGraphDestroy(void *g) { end(g, GRAPH, "cuGraphDestroy"); return OK; }
int cuGraphExecDestroy(void *e) { end(e, EXEC, "cuGraphExecDestroy"); return OK; }

int cuEventCreate(void **e, unsigned flags) { bound("cuEventCreate"); (void)flags; *e = make(EVENT, 0); return OK; }
int cuEventDestroy_v2(void *e) { end(e, EVENT, "cuEventDestroy"); return OK; }
int cuEventRecord(void *e, void *s) { alive(e, EVENT, "cuEventRecord"), alive(s, STREAM, "cuEventRecord"); return OK; }
int cuEventSynchronize(void *e) { alive(e, EVENT, "cuEventSynchronize"); return OK; }
int cuEventElapsedTime(float *ms, void *a, void *b) {
    alive(a, EVENT, "cuEventElapsedTime"), alive(b, EVENT, "cuEventElapsedTime");
    *ms = -0.0f / 0.0f;
    return OK;
}

int cuMemAlloc_v2(unsigned long long *p, size_t bytes) {
    bound("cuMemAlloc");
    if (!bytes) return INVALID;
    if (bytes > 32 << 20) return NO_MEMORY;
    *p = (size_t)make(MEMORY, bytes)->data;
    return OK;
}
int cuMemGetInfo_v2(size_t *free, size_t *total) {
    bound("cuMemGetInfo");
    *free = 32 << 20, *total = 64 << 20;
    return OK;
}
int cuMemFree_v2(unsigned long long p) {
    bound("cuMemFree");
    Thing *t = block(p, 1, "cuMemFree");
    if ((size_t)t->data != p) BROKEN("cuMemFree: not where a block begins");
    end(t, MEMORY, "cuMemFree");
    return OK;
}
int cuMemHostAlloc(void **p, size_t bytes, unsigned flags) {
    bound("cuMemHostAlloc");
    (void)flags;
    static int left = -1;
    if (left < 0) left = getenv("FAKE_PINS") ? atoi(getenv("FAKE_PINS")) : 1 << 30;
    if (left-- == 0) { left = 0; return NO_MEMORY; }
    *p = make(PINNED, bytes)->data;
    return OK;
}
int cuMemFreeHost(void *p) {
    bound("cuMemFreeHost");
    for (Thing *t = things; t; t = t->next)
        if (t->kind == PINNED && t->alive && t->data == p) { end(t, PINNED, "cuMemFreeHost"); return OK; }
    BROKEN("cuMemFreeHost: %p is not pinned", p);
}
int cuMemcpyHtoDAsync_v2(unsigned long long to, const void *from, size_t bytes, void *s) {
    bound("cuMemcpyHtoD"), alive(s, STREAM, "cuMemcpyHtoD"), block(to, bytes, "cuMemcpyHtoD");
    memcpy((void *)(size_t)to, from, bytes);
    return OK;
}
int cuMemcpyDtoHAsync_v2(void *to, unsigned long long from, size_t bytes, void *s) {
    bound("cuMemcpyDtoH"), alive(s, STREAM, "cuMemcpyDtoH"), block(from, bytes, "cuMemcpyDtoH");
    memcpy(to, (void *)(size_t)from, bytes);
    return OK;
}

// A function is its module. It takes two pointers and a Params of 64 bytes; the spacer takes nothing.
int cuModuleLoadData(void **m, const void *image) { bound("cuModuleLoadData"); *m = make(MODULE, strlen(image) + 1); return OK; }
int cuModuleUnload(void *m) { end(m, MODULE, "cuModuleUnload"); return OK; }
int cuModuleGetFunction(void **f, void *m, const char *name) {
    Thing *t = alive(m, MODULE, "cuModuleGetFunction");
    t->capturing = !strcmp(name, "spacer");
    *f = t;
    return strcmp(name, "absent") ? OK : NOT_FOUND;
}
int cuFuncGetAttribute(int *v, int which, void *f) { (void)which; alive(f, MODULE, "cuFuncGetAttribute"); *v = 0; return OK; }
int cuFuncSetAttribute(void *f, int which, int v) { (void)which; alive(f, MODULE, "cuFuncSetAttribute"); return v > 200 << 10 ? INVALID : OK; }
#ifndef OLD
int cuFuncGetParamInfo(void *f, size_t i, size_t *offset, size_t *size) {
    if (alive(f, MODULE, "cuFuncGetParamInfo")->capturing) return INVALID;
    *offset = 8 * i, *size = i < 2 ? 8 : 64;
    return i < 3 ? OK : INVALID;
}
#endif
int cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *s, void **args, void **extra) {
    bound("cuLaunchKernel");
    Thing *function = alive(f, MODULE, "cuLaunchKernel");
    Thing *stream = alive(s, STREAM, "cuLaunchKernel");
    (void)gx, (void)gy, (void)gz, (void)bx, (void)by, (void)bz, (void)shared;
    if (extra) BROKEN("cuLaunchKernel: extra");
    stream->launches++;
    if (function->capturing) return OK;
    for (int i = 0; i < 2; i++) {
        unsigned long long p;
        memcpy(&p, args[i], 8);
        if (p) block(p, 4, "an argument");
    }
    unsigned words[16];
#ifdef OLD
    // This kernel declares more than the launch passes: the driver reads it all.
    memcpy(words, args[2], 64);
    for (int i = 3; i < 500; i++) { unsigned long long word; memcpy(&word, args[i], 8); }
#else
    memcpy(words, args[2], 64);
#endif
    return OK;
}

// NVRTC: whatever the text, the image is the same.
int nvrtcVersion(int *major, int *minor) { *major = 13, *minor = 0; return OK; }
int nvrtcGetNumSupportedArchs(int *n) { *n = 1; return OK; }
int nvrtcGetSupportedArchs(int *list) { list[0] = 90; return OK; }
int nvrtcCreateProgram(void **p, const char *text, const char *name, int n, const char *const *texts, const char *const *names_) {
    (void)name, (void)n, (void)texts, (void)names_;
    *p = strdup(text);
    return OK;
}
int nvrtcCompileProgram(void *p, int n, const char *const *options) {
    size_t length = strlen(p);
    for (int i = 0; i < n; i++) length += strlen(options[i]);
    return length ? OK : INVALID;
}
int nvrtcDestroyProgram(void **p) { free(*p); *p = NULL; return OK; }
int nvrtcGetCUBINSize(void *p, size_t *n) { (void)p; *n = 5; return OK; }
int nvrtcGetCUBIN(void *p, char *to) { (void)p; memcpy(to, "IMAGE", 5); return OK; }
int nvrtcGetPTXSize(void *p, size_t *n) { return nvrtcGetCUBINSize(p, n); }
int nvrtcGetPTX(void *p, char *to) { return nvrtcGetCUBIN(p, to); }
int nvrtcGetProgramLogSize(void *p, size_t *n) { return nvrtcGetCUBINSize(p, n); }
int nvrtcGetProgramLog(void *p, char *to) { return nvrtcGetCUBIN(p, to); }
const char *nvrtcGetErrorString(int e) { (void)e; return "fake"; }
