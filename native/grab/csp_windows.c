// The Windows side of the `csp` source: the game's section, its shared Direct3D 11 texture, and copies of that in memory.
//
// Copies go through a ring of staging textures: one that the graphics card has not finished is left alone while the next is
// queued, so that neither this program nor the game's drawing waits for the other.
#include "csp_system.h"

#ifdef _WIN32
#define COBJMACROS
#include <initguid.h>
#include <windows.h>

#include <d3d11.h>
#include <dxgi.h>
#include <stdlib.h>

enum { RING = 3, MAX_ADAPTERS = 16 };

typedef struct d3d11 {
    csp_system system;
    HANDLE section;
    csp_table* table;
    HMODULE d3d11_library, dxgi_library;
    ID3D11Device* device;
    ID3D11DeviceContext* context;
    ID3D11Texture2D* texture;  // the game's
    ID3D11Texture2D* staging[RING];
    int last;  // in the ring, copied into last
    bool mapped;
    int width, height;
    grab_format format;
} d3d11;

#define RELEASE(object)                                    \
    do {                                                   \
        if (object) IUnknown_Release((IUnknown*)(object)); \
        (object) = NULL;                                   \
    } while (0)

// ----------------------------------------------------------------------------------------------------------------- table

static bool exists(const char* section) {
    const HANDLE handle = OpenFileMappingA(FILE_MAP_READ, FALSE, section);
    if (handle) CloseHandle(handle);
    return handle != NULL;
}

static void no_table(grab_error* error) {
    const DWORD reason = GetLastError();
    if (reason != ERROR_FILE_NOT_FOUND)
        grab_fail(error, GRAB_SYSTEM, "the game's list of textures (%s) cannot be opened (Windows error %lu)", CSP_SECTION,
                  reason);
    else if (exists("Local\\acpmf_static"))
        grab_fail(error, GRAB_NOT_RUNNING,
                  "the game offers no textures: it needs Custom Shaders Patch 0.1.80-preview348 (build 2503) or later, and "
                  "there, in "
                  "Small Tweaks, OBS integration (DIRECT_PASS) switched on");
    else
        grab_fail(error, GRAB_NOT_RUNNING,
                  "the game is not running; start it with Custom Shaders Patch 0.1.80-preview348 (build 2503) or later");
}

static void detach(csp_system* system) {
    d3d11* d = (d3d11*)system;
    if (d->table) UnmapViewOfFile(d->table);
    if (d->section) CloseHandle(d->section);
    d->table = NULL;
    d->section = NULL;
}

static csp_table* attach(csp_system* system, grab_error* error) {
    d3d11* d = (d3d11*)system;
    d->section = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, CSP_SECTION);
    if (d->section) d->table = MapViewOfFile(d->section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof(csp_table));
    if (d->table) return d->table;
    no_table(error);
    detach(system);
    return NULL;
}

// --------------------------------------------------------------------------------------------------------------- texture

static void close_texture(d3d11* d) {
    if (d->mapped) ID3D11DeviceContext_Unmap(d->context, (ID3D11Resource*)d->staging[d->last], 0);
    d->mapped = false;
    for (int i = 0; i < RING; ++i) RELEASE(d->staging[i]);
    RELEASE(d->texture);
}

static void close_device(d3d11* d) {
    close_texture(d);
    RELEASE(d->context);
    RELEASE(d->device);
}

static bool open_device(d3d11* d, IDXGIAdapter* adapter) {
    const PFN_D3D11_CREATE_DEVICE create =
        (PFN_D3D11_CREATE_DEVICE)(void*)GetProcAddress(d->d3d11_library, "D3D11CreateDevice");
    const D3D_DRIVER_TYPE type = adapter ? D3D_DRIVER_TYPE_UNKNOWN : D3D_DRIVER_TYPE_HARDWARE;
    close_device(d);
    return create && SUCCEEDED(create(adapter, type, NULL, 0, NULL, 0, D3D11_SDK_VERSION, &d->device, NULL, &d->context));
}

static HRESULT open_shared(d3d11* d, uint32_t handle) {
    return ID3D11Device_OpenSharedResource(d->device, (HANDLE)(uintptr_t)handle, &IID_ID3D11Texture2D, (void**)&d->texture);
}

// A texture can be opened only on the graphics card that the game uses: the first one, as a rule.
static HRESULT open_anywhere(d3d11* d, uint32_t handle) {
    HRESULT result = E_FAIL;
    if (d->device || open_device(d, NULL)) result = open_shared(d, handle);
    if (SUCCEEDED(result)) return result;
    typedef HRESULT(WINAPI * create_factory)(REFIID, void**);
    const create_factory create = (create_factory)(void*)GetProcAddress(d->dxgi_library, "CreateDXGIFactory1");
    IDXGIFactory1* factory = NULL;
    if (!create || FAILED(create(&IID_IDXGIFactory1, (void**)&factory))) return result;
    for (UINT i = 0; i < MAX_ADAPTERS && FAILED(result); ++i) {
        IDXGIAdapter* adapter = NULL;
        if (FAILED(IDXGIFactory1_EnumAdapters(factory, i, &adapter))) break;
        if (open_device(d, adapter)) result = open_shared(d, handle);
        IDXGIAdapter_Release(adapter);
    }
    IDXGIFactory1_Release(factory);
    return result;
}

static bool known_format(DXGI_FORMAT format, grab_format* ours) {
    switch (format) {
        case DXGI_FORMAT_R8G8B8A8_TYPELESS:
        case DXGI_FORMAT_R8G8B8A8_UNORM:
        case DXGI_FORMAT_R8G8B8A8_UNORM_SRGB: *ours = GRAB_RGBA8; return true;
        case DXGI_FORMAT_B8G8R8A8_UNORM:
        case DXGI_FORMAT_B8G8R8A8_UNORM_SRGB: *ours = GRAB_BGRA8; return true;
        case DXGI_FORMAT_R16G16B16A16_UNORM: *ours = GRAB_RGBA16; return true;
        case DXGI_FORMAT_R16G16B16A16_FLOAT: *ours = GRAB_RGBA16F; return true;
        default: return false;
    }
}

static grab_status make_staging(d3d11* d, grab_error* error) {
    D3D11_TEXTURE2D_DESC about;
    ID3D11Texture2D_GetDesc(d->texture, &about);
    if (!known_format(about.Format, &d->format))
        return grab_fail(error, GRAB_BAD_PICTURE,
                         "the game's texture is of DXGI format %d; 8-bit and 16-bit RGBA can be read", (int)about.Format);
    if (about.SampleDesc.Count != 1)
        return grab_fail(error, GRAB_BAD_PICTURE, "the game's texture has %u samples a pixel; one can be read",
                         about.SampleDesc.Count);
    d->width = (int)about.Width;
    d->height = (int)about.Height;
    about.Usage = D3D11_USAGE_STAGING;
    about.BindFlags = about.MiscFlags = 0;
    about.CPUAccessFlags = D3D11_CPU_ACCESS_READ;
    for (int i = 0; i < RING; ++i) {
        const HRESULT result = ID3D11Device_CreateTexture2D(d->device, &about, NULL, &d->staging[i]);
        if (FAILED(result))
            return grab_fail(error, GRAB_SYSTEM, "no memory for copies of the game's texture (Direct3D error 0x%08lx)",
                             (unsigned long)result);
    }
    return GRAB_OK;
}

static grab_status open_texture(csp_system* system, uint32_t handle, grab_error* error) {
    d3d11* d = (d3d11*)system;
    close_texture(d);
    const HRESULT result = open_anywhere(d, handle);
    if (FAILED(result))
        return grab_fail(error, GRAB_SYSTEM,
                         "the game's texture cannot be opened (handle 0x%x, Direct3D error 0x%08lx); does the game use "
                         "another graphics card?",
                         (unsigned)handle, (unsigned long)result);
    const grab_status status = make_staging(d, error);
    if (status) close_texture(d);
    return status;
}

static grab_status copy(csp_system* system, grab_error* error) {
    d3d11* d = (d3d11*)system;
    (void)error;
    d->last = (d->last + 1) % RING;
    // The texture may have more levels than the one that is drawn; all staging textures have as many.
    ID3D11DeviceContext_CopyResource(d->context, (ID3D11Resource*)d->staging[d->last], (ID3D11Resource*)d->texture);
    ID3D11DeviceContext_Flush(d->context);
    return GRAB_OK;
}

static grab_status read_copy(csp_system* system, grab_view* view, grab_error* error) {
    d3d11* d = (d3d11*)system;
    D3D11_MAPPED_SUBRESOURCE memory;
    const HRESULT result = ID3D11DeviceContext_Map(d->context, (ID3D11Resource*)d->staging[d->last], 0, D3D11_MAP_READ,
                                                   D3D11_MAP_FLAG_DO_NOT_WAIT, &memory);
    if (result == DXGI_ERROR_WAS_STILL_DRAWING)
        return grab_fail(error, GRAB_TIMEOUT, "the graphics card did not finish copying the game's texture in time");
    if (FAILED(result)) {
        close_device(d);
        return grab_fail(error, GRAB_SYSTEM, "the graphics card went away (Direct3D error 0x%08lx); try again",
                         (unsigned long)result);
    }
    d->mapped = true;
    *view = (grab_view){memory.pData, d->width, d->height, (ptrdiff_t)memory.RowPitch, d->format};
    return GRAB_OK;
}

static void done(csp_system* system) {
    d3d11* d = (d3d11*)system;
    if (d->mapped) ID3D11DeviceContext_Unmap(d->context, (ID3D11Resource*)d->staging[d->last], 0);
    d->mapped = false;
}

static void close_system(csp_system* system) {
    d3d11* d = (d3d11*)system;
    detach(system);
    close_device(d);
    if (d->d3d11_library) FreeLibrary(d->d3d11_library);
    if (d->dxgi_library) FreeLibrary(d->dxgi_library);
    free(d);
}

csp_system* csp_system_windows(grab_error* error) {
    d3d11* d = calloc(1, sizeof *d);
    if (!d) return grab_fail(error, GRAB_SYSTEM, "not enough memory"), NULL;
    d->system = (csp_system){attach, detach, open_texture, copy, read_copy, done, close_system};
    // Loaded when they are needed: the rest of the package does not depend on graphics.
    d->d3d11_library = LoadLibraryA("d3d11.dll");
    d->dxgi_library = LoadLibraryA("dxgi.dll");
    if (d->d3d11_library && d->dxgi_library) return &d->system;
    grab_fail(error, GRAB_SYSTEM, "Direct3D 11 is not on this computer");
    return close_system(&d->system), NULL;
}

#else

csp_system* csp_system_windows(grab_error* error) {
    grab_fail(error, GRAB_SYSTEM,
              "textures of Custom Shaders Patch can be read on Windows only: a program outside of Wine has no way to them");
    return NULL;
}

#endif
